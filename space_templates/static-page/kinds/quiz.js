// A quiz of multiple choice. "Question = answer" lines in data.js replace the sample; wrong answers come from the other lines.
"use strict";
about("Choose an answer. The ones you missed can be tried again at the end.");
const own = pairs(APP.items);
const sample = [["Which planet is closest to the Sun?", "Mercury"], ["Which is the largest ocean?", "Pacific"], ["What is H₂O?", "Water"], ["Who painted the Mona Lisa?", "Leonardo da Vinci"], ["How many sides has a hexagon?", "Six"], ["Which gas do plants take in?", "Carbon dioxide"], ["What is the capital of Canada?", "Ottawa"], ["Which metal is liquid at room temperature?", "Mercury (the metal)"]];
const wrong = { Mercury: ["Venus", "Mars", "Earth"], Pacific: ["Atlantic", "Indian", "Arctic"], Water: ["Salt", "Oxygen", "Alcohol"], "Leonardo da Vinci": ["Raphael", "Vermeer", "Monet"], Six: ["Five", "Seven", "Eight"], "Carbon dioxide": ["Oxygen", "Nitrogen", "Helium"], Ottawa: ["Toronto", "Montreal", "Vancouver"], "Mercury (the metal)": ["Gallium", "Lead", "Iron"] };
const all = own.length >= 2 ? own : sample;
let round = [], at = 0, right = 0, missed = [];
const options = (answer) => shuffled([answer, ...(all === sample ? wrong[answer] : shuffled([...new Set(all.map((pair) => pair[1]))].filter((other) => other !== answer)).slice(0, 3))]);
function start(questions) { round = shuffled(questions); at = 0; right = 0; missed = []; ask(); }
function ask() {
  if (at >= round.length) return finish();
  const [question, answer] = round[at];
  const next = el("button", { class: "main", id: "next", hidden: true, onclick() { at += 1; ask(); } }, at + 1 < round.length ? "Next question" : "See the result");
  const buttons = options(answer).map((text) => el("button", { onclick() {
    const good = text === answer;
    right += good; if (!good) missed.push(round[at]);
    for (const button of buttons) { button.disabled = true; if (button.textContent === answer) button.className = "right"; }
    if (!good) this.className = "wrong";
    verdict.textContent = good ? "Right." : `It is ${answer}.`;
    verdict.className = good ? "good" : "bad";
    next.hidden = false; next.focus();
  } }, text));
  const verdict = el("strong", { id: "verdict" });
  show(
    el("div", { class: "bar" }, el("i", { style: `width:${(100 * at) / round.length}%` })),
    el("section", { class: "card" }, el("p", { class: "soft" }, `Question ${at + 1} of ${round.length}`), el("h2", { id: "question" }, question), el("div", { class: "options" }, buttons)),
    el("div", { class: "row spread" }, verdict, next));
}
function finish() {
  const best = Math.max(right, keep.get("best", 0));
  if (round.length === all.length) keep.set("best", best);
  show(el("section", { class: "card" }, el("p", { class: "soft", style: "text-align:center" }, "You got"), el("div", { class: "big", id: "score" }, `${right}/${round.length}`),
    el("p", { class: "soft", style: "text-align:center" }, `Best so far: ${best} of ${all.length}`),
    el("div", { class: "row middle", style: "margin-top:16px" }, el("button", { class: "main", onclick: () => start(all) }, "Play again"), missed.length > 0 && el("button", { onclick: () => start(missed) }, "Try the missed ones"))),
    missed.length > 0 && el("section", { class: "card" }, el("h2", {}, "Missed"), el("ul", { class: "list" }, missed.map(([question, answer]) => el("li", {}, el("span", { class: "grow" }, question), el("strong", {}, answer))))));
}
start(all);
