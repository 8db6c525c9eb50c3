// Flashcards: turn, say whether you knew it; what you did not know comes back sooner.
"use strict";
about("Turn the card, then say whether you knew it. What you did not know comes back.");
const sample = [["el agua", "water"], ["la casa", "house"], ["el libro", "book"], ["la ventana", "window"], ["el pan", "bread"], ["la calle", "street"]];
let cards = keep.get("cards", null) || (pairs(APP.items).length ? pairs(APP.items) : sample);
let queue = [], known = 0, turned = false;
function restart() { queue = shuffled(cards); known = 0; turned = false; draw(); }
function answer(knew) {
  const card = queue.shift();
  if (knew) known += 1; else queue.splice(Math.min(2, queue.length), 0, card);
  turned = false;
  draw();
}
const front = el("input", { class: "grow", placeholder: "Front", maxlength: 120, "aria-label": "Front" }), reverse = el("input", { class: "grow", placeholder: "Back", maxlength: 120, "aria-label": "Back" });
const add = el("form", { class: "card row", onsubmit(event) {
  event.preventDefault();
  if (!front.value.trim() || !reverse.value.trim() || cards.length >= 500) return;
  const card = [front.value.trim(), reverse.value.trim()];
  cards = [...cards, card]; queue.push(card); keep.set("cards", cards);
  front.value = reverse.value = ""; front.focus(); draw();
} }, front, reverse, el("button", {}, "Add card"));
const manage = el("section", { class: "card" });
function draw() {
  const card = queue[0];
  const stage = card
    ? [el("button", { class: "card flip", id: "card", "aria-label": turned ? `Back: ${card[1]}` : `Front: ${card[0]}. Turn`, onclick() { turned = !turned; draw(); document.getElementById("card").focus(); } }, turned ? card[1] : card[0], el("small", {}, turned ? card[0] : "press to turn")),
       el("div", { class: "row middle" }, el("button", { id: "again", disabled: !turned, onclick: () => answer(false) }, "Not yet"), el("button", { class: "main", id: "knew", disabled: !turned, onclick: () => answer(true) }, "I knew it"))]
    : [el("section", { class: "card flip" }, "All known", el("small", {}, `${known} cards`)), el("div", { class: "row middle" }, el("button", { class: "main", onclick: restart }, "Start again"))];
  manage.replaceChildren(el("details", {}, el("summary", {}, `All ${cards.length} cards`), el("ul", { class: "list" }, cards.map((one) => el("li", {}, el("span", { class: "grow" }, `${one[0]} – ${one[1]}`), el("button", { class: "quiet", "aria-label": `Remove ${one[0]}`, onclick() { cards = cards.filter((c) => c !== one); queue = queue.filter((c) => c !== one); keep.set("cards", cards); draw(); } }, "✕"))))));
  show(el("div", { class: "row spread soft" }, el("span", { id: "progress" }, `${known} known, ${queue.length} to go`), el("button", { class: "quiet", onclick: restart }, "Shuffle")), stage, add, manage);
}
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, button, summary")) return;
  if (event.key === " ") { event.preventDefault(); turned = !turned; draw(); }
  if (turned && event.key === "ArrowRight") answer(true);
  if (turned && event.key === "ArrowLeft") answer(false);
});
restart();
