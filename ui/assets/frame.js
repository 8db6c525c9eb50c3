// The preview's frame: a browser, or a gate in front of a private Space, may keep cookies or parts of the app from it.
// The app's document then says so, or nothing at all; the page offers the app in a tab of its own.
(() => {
  const SILENCE = 5000;
  let heard = false;
  let waiting = 0;
  const frame = () => document.querySelector("#preview-frame");

  function offer(shown) {
    const hint = document.querySelector("#frame-hint");
    if (hint) hint.hidden = !shown;
  }

  window.addEventListener("message", (event) => {
    const ours = frame();
    if (!ours || event.source !== ours.contentWindow) return;
    if (event.data === "preview-here") {
      heard = true;
      offer(false);
    } else if (event.data === "preview-broken") {
      offer(true);
    }
  });

  // "load" does not bubble, but it can be caught on its way down.
  document.addEventListener(
    "load",
    (event) => {
      if (event.target !== frame()) return;
      clearTimeout(waiting);
      const spoke = heard;
      heard = false;
      if (!spoke) waiting = setTimeout(() => offer(!heard), SILENCE);
    },
    true,
  );
})();
