// A landing page: opening, three points, questions, and a form that checks what is typed. Texts live here and in data.js.
"use strict";
about("");
const points = APP.items.length ? APP.items.map((heading) => [heading, "Say here, in a sentence or two, what a visitor gets from it."]) : [
  ["Made with care", "Say here what you do better than others, in one plain sentence."],
  ["Easy to start", "Say here what the first step is, and how little it takes."],
  ["People you can reach", "Say here who answers, and how soon."],
];
const questions = [["What does it cost?", "Write the price here, or that it is free."], ["How do I begin?", "Send the form above; say here what happens next."], ["Can I change my mind?", "Say here how, and until when."]];
const sent = keep.get("sent", []);
const name = el("input", { id: "name", autocomplete: "name", maxlength: 80, required: true }), mail = el("input", { id: "mail", type: "email", autocomplete: "email", maxlength: 120, required: true }), message = el("textarea", { id: "message", rows: 4, maxlength: 1000 });
const answer = el("p", { id: "answer", role: "status" }), kept = el("div");
const form = el("form", { class: "card", id: "contact", novalidate: true, style: "display:grid;gap:12px", onsubmit(event) {
  event.preventDefault();
  const wrong = !name.value.trim() ? [name, "Please write your name."] : !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(mail.value.trim()) ? [mail, "Please write an e-mail address such as ada@example.org."] : null;
  answer.className = wrong ? "bad" : "good";
  answer.textContent = wrong ? wrong[1] : `Thank you, ${name.value.trim()}. Your message is kept in this browser; connect a mailbox or a form service to receive it.`;
  if (wrong) { wrong[0].focus(); return; }
  sent.unshift({ name: name.value.trim(), mail: mail.value.trim(), message: message.value.trim(), at: new Date().toISOString() });
  sent.length = Math.min(sent.length, 50);
  keep.set("sent", sent);
  form.reset();
  draw();
} }, el("h2", {}, "Write to us"), el("label", {}, "Your name", name), el("label", {}, "E-mail", mail), el("label", {}, "Message (if you like)", message), el("div", { class: "row" }, el("button", { class: "main" }, "Send")), answer, kept);
function draw() {
  kept.replaceChildren(...(sent.length ? [el("details", {}, el("summary", {}, `Sent from this browser: ${sent.length}`), el("ul", { class: "list" }, sent.map((one) => el("li", {}, `${one.name} · ${one.mail}${one.message ? ` · ${one.message}` : ""}`))))] : []));
}
show(
  el("section", { class: "card hero" }, el("p", {}, APP.about || `Say here, in one clear sentence, what ${APP.title} is and who it is for.`), el("button", { class: "main", onclick() { form.scrollIntoView({ behavior: "smooth" }); name.focus({ preventScroll: true }); } }, "Get in touch")),
  el("section", { class: "grid" }, points.map(([heading, text], place) => el("div", { class: "card" }, el("div", { class: "mark", "aria-hidden": "true" }, String(place + 1)), el("h2", {}, heading), el("p", { class: "soft" }, text)))),
  form,
  el("section", { class: "card" }, el("h2", {}, "Questions"), questions.map(([question, text]) => el("details", {}, el("summary", {}, question), el("p", {}, text)))));
draw();
