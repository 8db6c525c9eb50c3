// The transcript in the browser: it stays at its end, keeps what was unfolded, shows screenshots, and hands forms on.
(() => {
  const spaces = window.spaces;
  const unfolded = new Map(); // a fold's key → whether somebody opened it; a redraw by attributes forgets it
  const pictures = new Map();
  const MOST_PICTURES = 40;
  const NEAR = 80; // pixels from the end that still count as reading the end
  const MARK = /^• waiting – /;
  const LOOK = 2500; // ms between two looks whether another page, or another program, went on with the chat
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

  // Cards that wait: what was typed or ticked belongs to its call, whichever card a redraw puts into the same place.
  const words = new Map(); // a call's id → what stands in its form
  const MOST_WORDS = 40;
  const decisions = () => document.querySelectorAll("form[data-form=decide]");

  // The second click of a double click does not hit the card that moved up under the pointer.
  document.addEventListener("click", (event) => event.detail > 1 && inside(event, "form[data-form=decide] button") && event.preventDefault(), true);

  function typed(event) {
    const form = inside(event, "form[data-form=decide]");
    if (!form) return;
    const kept = words.get(form.dataset.id) || {};
    words.set(form.dataset.id, { ...kept, [event.target.name]: event.target.type === "checkbox" ? event.target.checked : event.target.value });
    if (words.size > MOST_WORDS) words.delete(words.keys().next().value);
    confirmed(form);
  }
  document.addEventListener("input", typed);
  document.addEventListener("change", typed);

  function confirmed(form) {
    const name = form.querySelector("[data-confirm]");
    const button = form.querySelector("button[value=approve]");
    button.disabled = Boolean(name) && name.value.trim() !== name.dataset.confirm;
  }

  function theirs(form) {
    if (form.call !== form.dataset.id) {
      const before = form.call;
      const focused = before !== undefined && form.contains(document.activeElement) && document.activeElement.name;
      form.call = form.dataset.id;
      form.reset();
      Object.entries(words.get(form.call) || {}).forEach(([name, value]) => {
        const field = form.elements[name];
        if (field) field[field.type === "checkbox" ? "checked" : "value"] = value;
      });
      if (focused !== false) {
        const same = [...decisions()].find((one) => one.dataset.id === before);
        (same && same.elements[focused] ? same.elements[focused] : form.closest("section")).focus({ preventScroll: true });
      }
    }
    confirmed(form);
  }

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
    if (matchMedia("(max-width: 640px)").matches) {
      const plan = root.querySelector(".todo[open]"); // one line, until somebody unfolds it
      if (plan && !unfolded.get(plan.dataset.key)) plan.open = false;
    }
    root.querySelectorAll("form[data-form=decide]").forEach(theirs);
    root.querySelectorAll("img[data-picture]").forEach((image) => {
      const src = pictures.get(image.dataset.picture);
      if (src && image.getAttribute("src") !== src) image.src = src;
    });
  }

  function stay() {
    const place = scroller();
    if (place && !held) place.scrollTop = place.scrollHeight;
    pill();
  }

  // What waits is told wherever somebody reads: by a button to it, and in the tab's title.
  function pill() {
    const waits = document.querySelector("#chat-live [data-waits]");
    const button = document.querySelector("#chat-pill button");
    if (button) {
      const text = waits ? "Waiting for you" : "To the newest";
      if (button.hidden === held) button.hidden = !held;
      if (button.textContent !== text) button.textContent = text;
      button.classList.toggle("btn-primary", Boolean(waits));
    }
    const title = document.title.replace(MARK, "");
    const told = (waits ? "• waiting – " : "") + title;
    if (document.title !== told) document.title = told;
  }

  spaces.toEnd = () => {
    held = false;
    stay();
  };
  spaces.toWaiting = () => {
    spaces.go("agent");
    document.querySelector("#story")?.scrollIntoView({ block: "start" });
    spaces.toEnd();
    document.querySelector("#chat-live [data-waits]")?.focus({ preventScroll: true });
  };

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
        if (event.target !== place) return;
        held = place.scrollHeight - place.scrollTop - place.clientHeight > NEAR;
        pill();
      },
      true,
    );
    const place = scroller();
    if (place) new ResizeObserver(stay).observe(place); // before the next scroll event, so that a new size is not taken for reading
  };

  // What the page's server tells this part of it, once each: screenshots, panes to draw again, a file to keep, words that were sent.
  spaces.nudge = (element, trigger, watch) => {
    const look = () => !document.hidden && document.querySelector("#chat-told .entry, #chat-live .entry") && trigger("look", { arg: "" });
    setInterval(look, LOOK);
    const stale = new Set(); // what changes within a moment is drawn again at once
    const touched = (names) => {
      if (!stale.size) setTimeout(() => [trigger("touched", { arg: [...stale].join(" ") }), stale.clear()], 150);
      names.split(" ").forEach((name) => stale.add(name));
    };
    document.addEventListener("visibilitychange", look);
    watch("value", () => {
      element.querySelectorAll("[data-screenshot]").forEach((one) => {
        pictures.set(one.dataset.screenshot, one.dataset.src);
        if (pictures.size > MOST_PICTURES) pictures.delete(pictures.keys().next().value);
      });
      const story = document.querySelector("#story");
      if (story) settle(story);
      const sent = element.querySelector("[data-sent]");
      if (sent) sessionStorage.removeItem("spaces-idea");
      const file = element.querySelector("[data-download]");
      if (file) keep(file.dataset.download, file.textContent);
      const touch = element.querySelector("[data-touch]");
      if (touch) touched(touch.dataset.touch);
    });
  };

  function keep(name, text) {
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(new Blob([text])), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  // Who sends something reads the end again, from that moment: who scrolls up before the server answered stays there.
  document.addEventListener("click", (event) => inside(event, "#build") && spaces.toEnd());
  const send = (name, read) => (form, trigger, button) => {
    spaces.toEnd();
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
