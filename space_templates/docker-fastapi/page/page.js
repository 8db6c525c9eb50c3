// The front page, built from /openapi.json: change the fields in item.py and this follows.
"use strict";
const base = location.href.split(/[?#]/)[0].replace(/\/+$/, "");
const byId = (id) => document.getElementById(id);
let path = "", fields = [], editing = null;

function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child != null));
  return node;
}

async function call(method, address, body) {
  const answer = await fetch(base + address, { method, headers: body ? { "content-type": "application/json" } : {}, body: body && JSON.stringify(body) });
  const data = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Error(Array.isArray(data.detail) ? data.detail.map((one) => `${one.loc[one.loc.length - 1]}: ${one.msg}`).join("; ") : data.detail);
  return data;
}

function control([name, rule]) {
  const plain = rule.anyOf ? { ...rule, ...rule.anyOf.find((one) => one.type !== "null") } : rule;
  const id = `field-${name}`;
  let input;
  if (plain.enum) input = el("select", { id, name }, plain.enum.map((value) => el("option", { value }, value)));
  else if (plain.type === "boolean") input = el("input", { id, name, type: "checkbox" });
  else if (plain.type === "integer" || plain.type === "number") input = el("input", { id, name, type: "number", step: plain.type === "integer" ? 1 : "any", min: plain.minimum, max: plain.maximum });
  else if (plain.format === "date") input = el("input", { id, name, type: "date" });
  else if ((plain.maxLength || 0) > 2000) input = el("textarea", { id, name, rows: 3, maxlength: plain.maxLength });
  else input = el("input", { id, name, maxlength: plain.maxLength });
  if (rule.default != null) plain.type === "boolean" ? (input.checked = rule.default) : (input.value = rule.default);
  const label = name[0].toUpperCase() + name.slice(1).replaceAll("_", " ");
  return el("label", { for: id, class: plain.type === "boolean" ? "check" : "" }, el("span", {}, label, rule.description ? el("small", {}, ` ${rule.description}`) : null), input);
}

function typed() {
  const item = {};
  for (const [name, rule] of fields) {
    const input = byId(`field-${name}`);
    if (input.type === "checkbox") item[name] = input.checked;
    else if (input.value !== "" ) item[name] = input.type === "number" ? Number(input.value) : input.value;
    else if (rule.anyOf) item[name] = null;
  }
  return item;
}

function drawForm(item = null) {
  editing = item;
  byId("form-title").textContent = item ? `Change item ${item.id}` : "Add one";
  byId("form").replaceChildren(...fields.map(control), el("p", { id: "answer", role: "status" }), el("div", { class: "row" }, el("button", { class: "main" }, item ? "Save" : "Add"), item ? el("button", { type: "button", onclick: () => drawForm() }, "Cancel") : null));
  if (item) for (const [name] of fields) { const input = byId(`field-${name}`); input.type === "checkbox" ? (input.checked = item[name]) : (input.value = item[name] ?? ""); }
}

const cell = (value) => (value === true ? "yes" : value === false ? "no" : value === null ? "–" : String(value));

async function draw() {
  try {
    const items = await call("GET", `${path}?search=${encodeURIComponent(byId("search").value)}`);
    byId("state").textContent = items.length ? `${items.length} shown` : "Nothing here yet.";
    byId("items").replaceChildren(
      el("thead", {}, el("tr", {}, fields.map(([name]) => el("th", {}, name.replaceAll("_", " "))), el("th", { "aria-label": "Actions" }))),
      el("tbody", {}, items.map((item) => el("tr", {}, fields.map(([name]) => el("td", {}, cell(item[name]))), el("td", { class: "actions" },
        el("button", { class: "quiet", onclick: () => { drawForm(item); byId("form").scrollIntoView({ block: "nearest" }); } }, "Change"),
        el("button", { class: "quiet", "aria-label": `Delete item ${item.id}`, onclick: async () => { await call("DELETE", `${path}/${item.id}`).catch(() => {}); if (editing && editing.id === item.id) drawForm(); draw(); } }, "Delete"))))));
  } catch (error) { byId("state").textContent = `The items could not be loaded: ${error.message}`; }
}

byId("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await (editing ? call("PUT", `${path}/${editing.id}`, typed()) : call("POST", path, typed()));
    drawForm();
    byId("answer").textContent = "Saved.";
    draw();
  } catch (error) { byId("answer").textContent = error.message; byId("answer").className = "bad"; }
});
let waiting;
byId("search").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(draw, 200); });

(async () => {
  try {
    const spec = await call("GET", "/openapi.json");
    path = Object.keys(spec.paths).find((one) => spec.paths[one].post);
    fields = Object.entries(spec.components.schemas.Item.properties);
    const name = path.split("/").pop();
    byId("items-title").textContent = name[0].toUpperCase() + name.slice(1);
    byId("routes").replaceChildren(...Object.entries(spec.paths).flatMap(([address, methods]) => Object.entries(methods).map(([method, about]) => el("li", {}, el("b", { class: method }, method.toUpperCase()), el("code", {}, address), el("span", { class: "soft" }, (about.description || "").split(";")[0])))));
    byId("curl").textContent = `curl ${base}${path}`;
    drawForm();
    draw();
  } catch (error) { byId("state").textContent = `The service did not answer: ${error.message}`; }
})();
