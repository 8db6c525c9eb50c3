// The cards of one's own keys are dragged by their number into another order. Nothing in the page moves until it is dropped:
// the cards only look moved, and the server's answer draws the new order.
(() => {
  const EDGE = 48;
  let held = null;

  document.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest?.("[data-grip]");
    const row = grip?.closest("[data-own]");
    if (!row || event.button || held) return;
    event.preventDefault();
    const rows = [...row.parentElement.querySelectorAll("[data-own]")];
    const tops = rows.map((one) => one.getBoundingClientRect().top + scrollY);
    const heights = rows.map((one) => one.offsetHeight);
    const gap = rows.length > 1 ? tops[1] - tops[0] - heights[0] : 0;
    const from = rows.indexOf(row);
    held = { grip, row, rows, tops, heights, gap, from, to: from, start: event.pageY, id: event.pointerId };
    grip.setPointerCapture(event.pointerId);
    row.classList.add("is-dragged");
  });

  document.addEventListener("pointermove", (event) => {
    if (!held || event.pointerId !== held.id) return;
    if (event.clientY < EDGE) scrollBy(0, -12);
    else if (event.clientY > innerHeight - EDGE) scrollBy(0, 12);
    const { rows, tops, heights, gap, from, row } = held;
    const last = rows.length - 1;
    const by = Math.max(tops[0] - tops[from], Math.min(event.pageY - held.start, tops[last] + heights[last] - heights[from] - tops[from]));
    const top = tops[from] + by;
    const passed = (index) => (index < from ? top >= tops[index] + heights[index] / 2 : top + heights[from] > tops[index] + heights[index] / 2);
    held.to = rows.filter((_, index) => index !== from && passed(index)).length;
    row.style.transform = `translateY(${by}px)`;
    rows.forEach((one, index) => {
      if (index === from) return;
      const shift = index > from && index <= held.to ? -1 : index < from && index >= held.to ? 1 : 0;
      one.style.transform = shift ? `translateY(${shift * (heights[from] + gap)}px)` : "";
    });
  });

  function end(dropped) {
    if (!held) return;
    const { rows, row, from, to } = held;
    held = null;
    const settle = () => {
      rows.forEach((one) => (one.style.transform = ""));
      row.classList.remove("is-dragged");
    };
    if (!dropped || from === to) return settle();
    const ids = rows.map((one) => one.dataset.key);
    ids.splice(to, 0, ...ids.splice(from, 1));
    const form = document.querySelector("form[data-form=order]"); // the cards may have been drawn anew while one was held
    form.dataset.ids = ids.join(",");
    form.requestSubmit();
    // The look stays until the answer has drawn the order, or a moment longer than one takes.
    const watched = new MutationObserver(() => (settle(), watched.disconnect()));
    watched.observe(form.parentElement, { childList: true, subtree: true, characterData: true });
    setTimeout(settle, 2000);
  }

  document.addEventListener("pointerup", (event) => held && event.pointerId === held.id && end(true));
  document.addEventListener("pointercancel", () => end(false));
  document.addEventListener("keydown", (event) => event.key === "Escape" && end(false));

  window.spaces.forms.order = (form, trigger) => trigger("reorder", { arg: form.dataset.ids || "" });
})();
