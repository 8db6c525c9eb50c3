// The transcript in the browser: it stays at its end, keeps what was unfolded, shows screenshots, and hands forms on.
(() => {
  const spaces = window.spaces;
  const unfolded = new Map(); // a fold's key → whether somebody opened it; a redraw by attributes forgets it
  const pictures = new Map();
  const MOST_PICTURES = 40;
  const NEAR = 80; // pixels from the end that still count as reading the end
  let held = false; // somebody reads further up

  const scroller = () => document.querySelector("#chat-scroll");
  const inside = (event, selector) => event.target.closest && event.target.closest(selector);

  // A click opens or shuts a fold; Enter and Space come as clicks, too.
  document.addEventListener("click", (event) => {
    const summary = inside(event, "summary");
    const fold = summary && summary.parentElement;
    if (fold && fold.dataset.key) {
      unfolded.set(fold.dataset.key, !fold.open);
      setTimeout(() => begin(fold), 0);
    }
    if (inside(event, "[data-shut]")) shut();
    document.querySelectorAll("details.popover[open]").forEach((one) => !one.contains(event.target) && close(one));
  });
  document.addEventListener(
    "keydown",
    (event) => {
      const open = event.key === "Escape" && [...document.querySelectorAll("details.popover[open]")].at(-1);
      if (!open) return;
      event.stopPropagation(); // the first Escape shuts the menu, the next one stops the agent
      close(open);
      open.querySelector("summary").focus();
    },
    true,
  );

  function close(fold) {
    fold.open = false;
    unfolded.set(fold.dataset.key, false);
  }
  const shut = () => document.querySelectorAll("details.popover[open]").forEach(close);

  // A field that begins with what was said: a text area's own text would be overwritten by the next redraw.
  function begin(fold) {
    const area = fold.open && fold.querySelector("textarea[data-begins]");
    if (area && !area.value) area.value = area.dataset.begins;
    if (area) area.focus();
  }

  function settle(root) {
    root.querySelectorAll("details[data-key]").forEach((fold) => {
      if (unfolded.has(fold.dataset.key) && fold.open !== unfolded.get(fold.dataset.key)) fold.open = unfolded.get(fold.dataset.key);
    });
    root.querySelectorAll("img[data-picture]").forEach((image) => {
      const src = pictures.get(image.dataset.picture);
      if (src && image.getAttribute("src") !== src) image.src = src;
    });
  }

  function stay() {
    const place = scroller();
    if (place && !held) place.scrollTop = place.scrollHeight;
  }

  spaces.chat = () => {
    const story = document.querySelector("#story");
    if (!story) return;
    new MutationObserver(() => {
      settle(story);
      stay();
    }).observe(story, { childList: true, subtree: true, characterData: true });
    document.addEventListener(
      "scroll",
      (event) => {
        const place = scroller();
        if (event.target === place) held = place.scrollHeight - place.scrollTop - place.clientHeight > NEAR;
      },
      true,
    );
  };

  // What the page's server tells this part of it, once each: screenshots, panes to draw again, a file to keep, words that were sent.
  spaces.nudge = (element, trigger, watch) =>
    watch("value", () => {
      element.querySelectorAll("[data-screenshot]").forEach((one) => {
        pictures.set(one.dataset.screenshot, one.dataset.src);
        if (pictures.size > MOST_PICTURES) pictures.delete(pictures.keys().next().value);
      });
      const story = document.querySelector("#story");
      if (story) settle(story);
      const sent = element.querySelector("[data-sent]");
      if (sent) {
        sessionStorage.removeItem("spaces-idea");
        held = false;
        stay();
      }
      const file = element.querySelector("[data-download]");
      if (file) keep(file.dataset.download, file.textContent);
      const touch = element.querySelector("[data-touch]");
      if (touch) trigger("touched", { arg: touch.dataset.touch });
    });

  function keep(name, text) {
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(new Blob([text])), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  const send = (name, read) => (form, trigger, button) => {
    const fold = form.closest("details.popover");
    if (fold) close(fold);
    trigger(name, { arg: JSON.stringify(read(form.elements, form, button)) });
  };
  spaces.forms.resend = send("resend", (fields, form) => ({ seq: Number(form.dataset.seq), text: fields.text.value }));
  spaces.forms.rename = send("rename", (fields) => fields.title.value);
  spaces.forms.limit = send("limit", (fields) => (fields.limit.value === "" ? null : Number(fields.limit.value)));
  spaces.forms.decide = send("decide", (fields, form, button) => ({
    id: form.dataset.id,
    approve: button ? button.value === "approve" : false, // Enter in the field alone approves nothing
    feedback: fields.feedback.value,
    trust: fields.trust && fields.trust.checked ? Number(fields.trust_usd.value) : null,
  }));
})();
