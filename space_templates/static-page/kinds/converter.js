// Converts between units; every unit of the kind is shown at once. To add one, add a line.
"use strict";
about("Type a figure; every unit of the same kind follows.");
const units = {
  Length: { metre: 1, kilometre: 1000, centimetre: .01, millimetre: .001, mile: 1609.344, yard: .9144, foot: .3048, inch: .0254, "nautical mile": 1852 },
  Weight: { kilogram: 1, gram: .001, tonne: 1000, pound: .45359237, ounce: .028349523125, stone: 6.35029318 },
  Temperature: { Celsius: [1, 273.15], Fahrenheit: [5 / 9, 459.67 * 5 / 9], Kelvin: [1, 0] },
  Volume: { litre: 1, millilitre: .001, "US gallon": 3.785411784, "US cup": .2365882365, "fluid ounce": .0295735295625, tablespoon: .01478676478, teaspoon: .00492892159, "cubic metre": 1000 },
  Speed: { "metre a second": 1, "kilometre an hour": 1 / 3.6, "mile an hour": .44704, knot: 1852 / 3600 },
  Area: { "square metre": 1, "square kilometre": 1e6, hectare: 1e4, acre: 4046.8564224, "square foot": .09290304 },
  Time: { second: 1, minute: 60, hour: 3600, day: 86400, week: 604800, year: 31557600 },
  Data: { byte: 1, kilobyte: 1e3, megabyte: 1e6, gigabyte: 1e9, terabyte: 1e12, mebibyte: 2 ** 20, gibibyte: 2 ** 30 },
};
const words = `${APP.title} ${APP.about}`.toLowerCase();
const guess = Object.keys(units).find((kind) => words.includes(kind.toLowerCase()) || Object.keys(units[kind]).some((unit) => words.includes(unit.toLowerCase())));
let kind = keep.get("kind", guess || "Length"), from = Object.keys(units[kind])[0];
const amount = el("input", { id: "amount", inputmode: "decimal", value: "1", "aria-label": "Amount", class: "grow", style: "font-size:28px;font-weight:700" });
const source = el("select", { id: "from", "aria-label": "Unit" });
const tabs = el("div", { class: "row" }), list = el("ul", { class: "list", id: "results" });
const base = (unit, value) => { const rule = units[kind][unit]; return Array.isArray(rule) ? value * rule[0] + rule[1] : value * rule; };
const back = (unit, value) => { const rule = units[kind][unit]; return Array.isArray(rule) ? (value - rule[1]) / rule[0] : value / rule; };
const short = (value) => (value === 0 ? "0" : Math.abs(value) >= 1e12 || Math.abs(value) < 1e-6 ? value.toExponential(6) : value.toLocaleString("en", { maximumSignificantDigits: 8 }));
function draw() {
  tabs.replaceChildren(...Object.keys(units).map((name) => el("button", { class: "quiet", "aria-pressed": String(name === kind), onclick() { kind = name; from = Object.keys(units[kind])[0]; keep.set("kind", kind); fill(); } }, name)));
  const value = Number(amount.value.replace(",", ".").trim() || NaN);
  list.replaceChildren(...Object.keys(units[kind]).filter((unit) => unit !== from).map((unit) => {
    const made = Number.isFinite(value) ? short(back(unit, base(from, value))) : "–";
    return el("li", { "data-unit": unit }, el("span", { class: "grow soft" }, unit), el("strong", { style: "font-variant-numeric:tabular-nums" }, made));
  }));
}
function fill() { source.replaceChildren(...Object.keys(units[kind]).map((unit) => el("option", { value: unit }, unit))); source.value = from; draw(); }
amount.addEventListener("input", draw);
source.addEventListener("change", () => { from = source.value; draw(); });
show(tabs, el("section", { class: "card row" }, amount, source), el("section", { class: "card" }, list));
fill();
