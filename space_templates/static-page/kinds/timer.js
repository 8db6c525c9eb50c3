// A timer in rounds of work and rest. It counts by the clock, so a sleeping tab loses nothing.
"use strict";
about("Work, rest, repeat. The time goes on when the tab is in the background.");
const plans = { work: ["Focus", keep.get("work", 25)], rest: ["Break", keep.get("rest", 5)], long: ["Long break", keep.get("long", 15)] };
let phase = "work", left = plans.work[1] * 60, end = null, rounds = keep.get("rounds", 0);
const clock = el("div", { class: "big", id: "clock", role: "timer" });
const bar = el("i");
const go = el("button", { class: "main", id: "go", style: "min-width:140px", onclick: toggle });
const count = el("span", { class: "soft", id: "rounds" });
const phases = el("div", { class: "row middle" });
const notes = el("input", { class: "grow", placeholder: "What are you working on?", maxlength: 120, "aria-label": "Task" });
notes.value = keep.get("task", APP.items[0] || "");
notes.addEventListener("input", () => keep.set("task", notes.value));

function remaining() { return end === null ? left : Math.max(0, Math.ceil((end - Date.now()) / 1000)); }
function toggle() {
  if (end === null) { if (left <= 0) left = plans[phase][1] * 60; end = Date.now() + left * 1000; }
  else { left = remaining(); end = null; }
  draw();
}
function choose(name) { phase = name; left = plans[name][1] * 60; end = null; draw(); }
function beep() {
  try {
    const audio = new (window.AudioContext || window.webkitAudioContext)(), tone = audio.createOscillator(), volume = audio.createGain();
    tone.frequency.value = 660; volume.gain.setValueAtTime(.2, audio.currentTime); volume.gain.exponentialRampToValueAtTime(.001, audio.currentTime + 1.2);
    tone.connect(volume).connect(audio.destination); tone.start(); tone.stop(audio.currentTime + 1.2);
  } catch { /* a page may not be allowed to make sound */ }
}
function draw() {
  const seconds = remaining();
  if (end !== null && seconds === 0) {
    beep();
    if (phase === "work") { rounds += 1; keep.set("rounds", rounds); choose(rounds % 4 ? "rest" : "long"); } else choose("work");
    return;
  }
  const text = `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
  clock.textContent = text;
  document.title = end === null ? APP.title : `${text} · ${plans[phase][0]}`;
  bar.style.width = `${100 - (100 * seconds) / (plans[phase][1] * 60)}%`;
  go.textContent = end === null ? (seconds < plans[phase][1] * 60 ? "Go on" : "Start") : "Pause";
  count.textContent = `${rounds} ${rounds === 1 ? "round" : "rounds"} done`;
  phases.replaceChildren(...Object.entries(plans).map(([name, [label]]) => el("button", { class: "quiet", "aria-pressed": String(name === phase), onclick: () => choose(name) }, label)));
}
function minutes(name) {
  const input = el("input", { type: "number", min: 1, max: 180, value: plans[name][1], id: `minutes-${name}` });
  input.addEventListener("change", () => { plans[name][1] = Math.min(180, Math.max(1, Number(input.value) || 1)); input.value = plans[name][1]; keep.set(name, plans[name][1]); if (phase === name && end === null) choose(name); });
  return el("label", { class: "grow" }, `${plans[name][0]}, minutes`, input);
}
show(
  el("section", { class: "card" }, phases, clock, el("div", { class: "bar" }, bar),
    el("div", { class: "row middle", style: "margin-top:20px" }, go, el("button", { onclick: () => choose(phase) }, "Reset"))),
  el("section", { class: "card row" }, notes, count, el("button", { class: "quiet", onclick() { rounds = 0; keep.set("rounds", 0); draw(); } }, "Clear rounds")),
  el("section", { class: "card row" }, Object.keys(plans).map(minutes)));
draw();
setInterval(() => end !== null && draw(), 250);
