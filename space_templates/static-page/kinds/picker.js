// Picks one of your entries at random, makes teams, throws dice.
"use strict";
about("One entry a line. Pick one, deal teams, or throw the dice.");
const names = el("textarea", { id: "names", rows: 8, "aria-label": "Entries, one a line" });
names.value = keep.get("names", (APP.items.length ? APP.items : ["Ada", "Grace", "Alan", "Katherine", "Linus"]).join("\n"));
const winner = el("div", { class: "winner", id: "winner" }, "?"), past = el("ul", { class: "list", id: "past" });
const takeOut = el("input", { type: "checkbox", id: "out" });
const size = el("input", { type: "number", min: 2, max: 20, value: 2, style: "width:90px", "aria-label": "How many" });
const entries = () => names.value.split("\n").map((line) => line.trim()).filter(Boolean);
// crypto is fair where Math.random is only quick; taking the remainder of a large number keeps the error below one in a billion.
const below = (n) => crypto.getRandomValues(new Uint32Array(1))[0] % n;
let rolling = null;
function remember(text) { past.prepend(el("li", {}, text)); while (past.children.length > 10) past.lastChild.remove(); }
function pick() {
  const list = entries();
  clearInterval(rolling);
  if (!list.length) { winner.textContent = "Add an entry first"; return; }
  const chosen = list[below(list.length)];
  let turns = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 14;
  const step = () => {
    winner.textContent = turns > 0 ? list[turns % list.length] : chosen;
    if (turns-- > 0) return;
    clearInterval(rolling);
    remember(chosen);
    if (takeOut.checked) { names.value = list.filter((_, i) => i !== list.indexOf(chosen)).join("\n"); keep.set("names", names.value); }
  };
  step();
  if (turns >= 0) rolling = setInterval(step, 60);
}
function teams() {
  const list = entries(), count = Math.max(2, Math.min(20, Number(size.value) || 2)), made = Array.from({ length: count }, () => []);
  for (let i = list.length - 1; i > 0; i--) { const j = below(i + 1); [list[i], list[j]] = [list[j], list[i]]; }
  list.forEach((name, i) => made[i % count].push(name));
  winner.replaceChildren(el("div", { style: "font-size:18px;font-weight:500;letter-spacing:0" }, made.map((team, i) => el("p", {}, el("strong", {}, `Team ${i + 1}: `), team.join(", ") || "–"))));
}
function dice() {
  const thrown = Array.from({ length: Math.max(1, Math.min(20, Number(size.value) || 2)) }, () => 1 + below(6));
  winner.textContent = thrown.map((n) => "⚀⚁⚂⚃⚄⚅"[n - 1]).join(" ");
  remember(`${thrown.join(" + ")} = ${thrown.reduce((a, b) => a + b)}`);
}
names.addEventListener("input", () => keep.set("names", names.value));
show(
  el("section", { class: "card" }, winner, el("div", { class: "row middle" }, el("button", { class: "main", id: "pick", onclick: pick }, "Pick one"), el("button", { onclick: teams }, "Make teams"), el("button", { onclick: dice }, "Throw dice"), size)),
  el("section", { class: "card" }, el("label", {}, "Entries, one a line", names), el("div", { class: "row", style: "margin-top:8px" }, takeOut, el("label", { for: "out", style: "display:inline" }, "Take the picked one out"))),
  el("section", { class: "card" }, el("h2", {}, "Earlier"), past));
