// A calculator with its own small parser: numbers, + − × ÷, %, powers and brackets. Nothing is ever evaluated as code.
"use strict";
about("Type on the keyboard or press the keys. Earlier results can be used again.");
let text = "", history = keep.get("history", []);

function calculate(source) {
  const tokens = source.replace(/,/g, ".").replace(/×/g, "*").replace(/÷/g, "/").replace(/−/g, "-").match(/\d+\.?\d*(?:e[+-]?\d+)?|\.\d+|[-+*/^%()]|\S/gi) || [];
  let at = 0;
  const take = (...signs) => (signs.includes(tokens[at]) ? tokens[at++] : null);
  function sum() { let value = product(), sign; while ((sign = take("+", "-"))) { const next = product(); value = sign === "+" ? value + next : value - next; } return value; }
  function product() { let value = signed(), sign; while ((sign = take("*", "/"))) { const next = signed(); value = sign === "*" ? value * next : value / next; } return value; }
  function signed() { return take("-") ? -signed() : take("+") ? signed() : power(); }
  function power() { const base = percent(); return take("^") ? base ** signed() : base; }
  function percent() { let value = atom(); while (take("%")) value /= 100; return value; }
  function atom() {
    if (take("(")) { const value = sum(); if (!take(")") && at < tokens.length) throw Error(); return value; }
    if (!/^[\d.]/.test(tokens[at] || "")) throw Error();
    return Number(tokens[at++]);
  }
  const value = sum();
  if (at < tokens.length || !Number.isFinite(value)) throw Error();
  return Number(value.toPrecision(12));
}
const past = el("small"), output = el("output", { id: "result", tabindex: 0 });
const list = el("ul", { class: "list" });
function draw(note = "") {
  output.textContent = text || "0";
  let ahead = note;
  if (!note && /[-+×÷^%]/.test(text.slice(1))) try { ahead = `= ${calculate(text)}`; } catch { ahead = ""; }
  past.textContent = ahead;
  list.replaceChildren(...history.slice(0, 8).map(([from, value]) => el("li", {}, el("button", { class: "quiet grow", style: "text-align:left", onclick() { text += String(value).replace("-", "−"); draw(); } }, `${from} = ${value}`))));
}
function press(key) {
  if (key === "=") {
    try {
      const value = calculate(text);
      history = [[text, value], ...history].slice(0, 50);
      keep.set("history", history);
      const before = text;
      text = String(value).replace("-", "−");
      draw(`${before} =`);
    } catch { draw(text ? "That cannot be worked out." : ""); }
    return;
  }
  if (key === "C") text = "";
  else if (key === "⌫") text = text.slice(0, -1);
  else if (text.length < 120) text += key;
  draw();
}
const keys = ["C", "(", ")", "÷", "7", "8", "9", "×", "4", "5", "6", "−", "1", "2", "3", "+", "0", ".", "%", "="];
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.target.closest("button") && event.key === "Enter") return;
  const key = { Enter: "=", "=": "=", Backspace: "⌫", Escape: "C", "*": "×", "/": "÷", "-": "−", ",": "." }[event.key] || event.key;
  if (/^[\d.+×÷−^%()=⌫C]$/.test(key)) { event.preventDefault(); press(key); }
});
show(
  el("section", { class: "card screen" }, past, output),
  el("section", { class: "card" }, el("div", { class: "keys" }, keys.map((key) => el("button", { class: key === "=" ? "main" : "", "aria-label": key, onclick: () => press(key) }, key))),
    el("div", { class: "row", style: "margin-top:8px" }, el("button", { class: "grow", onclick: () => press("^") }, "xʸ"), el("button", { class: "grow", "aria-label": "Delete last", onclick: () => press("⌫") }, "⌫"))),
  el("section", { class: "card" }, el("h2", {}, "Earlier results"), list, el("button", { class: "quiet", onclick() { history = []; keep.set("history", history); draw(); } }, "Clear")));
draw();
