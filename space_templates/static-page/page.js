// What every kind of page shares: building elements, keeping values, the theme.
"use strict";

// el("button", { class: "main", onclick: f }, "Save", otherElement) → element. Text is always text, never markup.
function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child != null && child !== false));
  return node;
}

// Values that outlive a reload where the browser allows it, and live in memory where it does not (a sandboxed frame).
const keep = (() => {
  const memory = new Map();
  const key = (name) => `${APP.kind}:${APP.title}:${name}`;
  return {
    get(name, otherwise) {
      try {
        const text = localStorage.getItem(key(name));
        return text === null ? otherwise : JSON.parse(text);
      } catch {
        return memory.has(name) ? memory.get(name) : otherwise;
      }
    },
    set(name, value) {
      memory.set(name, value);
      try {
        localStorage.setItem(key(name), JSON.stringify(value));
      } catch { /* memory is enough */ }
    },
  };
})();

const main = document.getElementById("main");
const show = (...children) => main.replaceChildren(...children.flat().filter(Boolean));
const about = (text) => { const line = document.getElementById("about"); if (!line.textContent.trim()) line.textContent = text; };
const shuffled = (list) => {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
};
// "Capital of Peru = Lima" → ["Capital of Peru", "Lima"]
const pairs = (lines) => lines.map((line) => line.split("=").map((part) => part.trim())).filter((pair) => pair.length === 2 && pair[0] && pair[1]);

(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = (theme) => { document.documentElement.dataset.theme = theme; };
  apply(keep.get("theme", dark.matches ? "dark" : "light"));
  document.getElementById("theme").addEventListener("click", () => {
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    apply(next);
    keep.set("theme", next);
  });
})();
