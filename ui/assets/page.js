// Glue between the HTML parts and Gradio: buttons become events, small actions stay in the browser.
(() => {
  const spaces = window.spaces;
  const one = (selector) => document.querySelector(selector);
  const field = (id) => one(`#${id} textarea, #${id} input`);
  const shown = (element) => element && element.offsetParent !== null && !element.disabled;

  // `wire` runs once for each live part; its listeners survive every redraw of what is inside.
  spaces.wire = (element, trigger, watch, names) => {
    let moved = null; // a button that moves its row goes with it, and so does the focus
    element.addEventListener("click", async (event) => {
      if (event.target.closest("[data-forget]")) {
        await spaces.token("DELETE").catch(() => null);
        document.querySelectorAll(".token-said").forEach((line) => (line.textContent = ""));
        return trigger("signed", { arg: "" });
      }
      const button = event.target.closest("[data-act]");
      if (!button || button.disabled || !names.includes(button.dataset.act)) return;
      event.preventDefault();
      moved = "follow" in button.dataset ? { ...button.dataset } : null;
      trigger(button.dataset.act, { arg: button.dataset.arg || "" });
    });
    element.addEventListener("change", (event) => {
      const name = event.target.dataset && event.target.dataset.change;
      if (name && names.includes(name)) trigger(name, { arg: event.target.value });
    });
    element.addEventListener("submit", (event) => {
      event.preventDefault();
      spaces.forms[event.target.dataset.form]?.(event.target, trigger, event.submitter);
    });
    if (names.includes("keyed")) watch("value", () => spaces.renewCopies(element, trigger));
    if (names.includes("figures")) spaces.pulse(trigger, watch);
    if (names.includes("uploaded")) spaces.uploads(trigger);
    if (names.includes("touched")) spaces.nudge(element, trigger, watch);
    watch("value", () => {
      settle(element);
      if (moved) follow(element, moved);
      moved = null;
    });
    settle(element);
  };

  function follow(element, moved) {
    const row = [...element.querySelectorAll("[data-follow]")].filter((each) => each.dataset.arg === moved.arg && !each.disabled);
    (row.find((each) => each.dataset.act === moved.act) || row[0])?.focus();
  }

  // What a redraw by attributes cannot do: the chosen option of a list, the end of a log.
  function settle(element) {
    element.querySelectorAll("select[data-value]").forEach((list) => (list.value = list.dataset.value));
    // A frame whose files changed keeps its address; where the element was kept, too, its page is loaded again.
    element.querySelectorAll("iframe[data-version]").forEach((frame) => {
      if (frame.shown !== undefined && frame.shown !== frame.dataset.version) frame.src = frame.getAttribute("src");
      frame.shown = frame.dataset.version;
    });
    // A form drawn for something else begins with that one's values, not with what was typed into the one before.
    element.querySelectorAll("form[data-for]").forEach((form) => {
      if (form.shown !== undefined && form.shown !== form.dataset.for) form.reset();
      form.shown = form.dataset.for;
    });
    element.querySelectorAll(".tree").forEach(spaces.fold);
    element.querySelectorAll(".log").forEach((log) => {
      if (log.dataset.held !== "true") log.scrollTop = log.scrollHeight;
      log.onscroll = () => (log.dataset.held = String(log.scrollHeight - log.scrollTop - log.clientHeight > 40));
    });
  }

  spaces.boot = async (trigger) => {
    await spaces.open().catch(() => null);
    trigger("ready", { arg: location.origin });
    spaces.guard();
    spaces.chat();
    const idea = field("idea");
    const draft = sessionStorage.getItem("spaces-idea");
    if (idea && draft && !idea.value) spaces.fill("idea", draft);
  };

  // While the deploy panel is open the panes behind it take no focus, and a click beside it closes it.
  spaces.guard = () => {
    const panes = one("#workbench");
    if (!panes) return;
    const mark = () => ["#story", "#stage"].forEach((id) => one(id) && (one(id).inert = shown(one("#deploy-close")) || false));
    new MutationObserver(mark).observe(panes, { childList: true, subtree: true });
    document.addEventListener("click", (event) => {
      const beside = event.target === panes || event.target === document.body || event.target.closest?.("#tabs > .tabitem") === event.target;
      if (beside && shown(one("#deploy-close")) && !shown(one("#deploy-cancel"))) one("#deploy-close").click();
    });
  };

  spaces.fill = (id, text) => {
    const input = field(id);
    if (!input) return;
    input.value = text;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };

  // What every form of the session does: say what it waits for, send, say what came of it.
  spaces.submit = async (form, waiting, work) => {
    const said = form.querySelector(".token-said");
    const button = form.querySelector("button[type=submit]");
    const say = (tone, text) => {
      said.className = `token-said is-${tone}`;
      said.textContent = text;
    };
    button.disabled = true;
    say("working", waiting);
    try {
      say("done", await work());
    } catch (error) {
      say("failed", `${error.message || "The server did not answer."} ${error.fix || "Try again in a moment."}`);
      (form.querySelector("input[type=password]") || button).focus();
    }
    button.disabled = false;
  };

  spaces.forms.token = (form, trigger) =>
    spaces.submit(form, "Asking the Hub whose token it is.", async () => {
      const input = form.querySelector("input");
      const account = await spaces.token("POST", { token: input.value.trim() });
      input.value = "";
      trigger("signed", { arg: "" });
      return `Signed in as @${account.name} with the token ${account.last4}.`;
    });

  spaces.go = (tab) => {
    const names = Object.values(spaces.tabs);
    const buttons = document.querySelectorAll("#tabs > .tab-wrapper [role=tab]");
    const button = [...buttons].find((each) => each.textContent.trim().toLowerCase() === tab) || buttons[names.indexOf(tab)];
    if (button) button.click();
    if (tab === "agent") one("#idea")?.scrollIntoView({ block: "nearest" });
  };

  // A place in a tab that draws it when it opens: folded things open, and a field takes the focus.
  function lead(place, patience = 40) {
    const found = one(place);
    const fold = found?.closest("details");
    if (fold) fold.open = true;
    if (!found || found.offsetParent === null) return patience > 0 && setTimeout(lead, 100, place, patience - 1);
    found.scrollIntoView({ block: "center" });
    found.focus({ preventScroll: true });
  }

  async function copy(button) {
    const text = button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = Object.assign(document.createElement("textarea"), { value: text });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.classList.add("is-copied");
    setTimeout(() => button.classList.remove("is-copied"), 1500);
  }

  const small = {
    theme() {
      const dark = document.body.classList.toggle("dark");
      localStorage.setItem("spaces-theme", dark ? "dark" : "light");
    },
    "frame-reload"() {
      const frame = one("#preview-frame");
      if (frame) frame.src = frame.getAttribute("src");
    },
    "frame-width"(button) {
      const narrow = one("#stage").toggleAttribute("data-narrow");
      button.setAttribute("aria-pressed", String(narrow));
    },
    "egress-open"(button) {
      const form = button.closest("fieldset").querySelector("form");
      form.hidden = !form.hidden;
      if (!form.hidden) form.querySelector("input").focus();
    },
    "to-app"() {
      spaces.go("agent");
      one("#stage")?.scrollIntoView({ behavior: "smooth" });
    },
    "to-idea"() {
      spaces.go("agent");
      field("idea")?.focus();
    },
    "to-end": () => spaces.toEnd(),
    "to-waiting": () => spaces.toWaiting(),
    "to-stop": () => one("#stop")?.click(),
    "to-deploy"() {
      spaces.go("agent");
      one("#deploy-open")?.click();
    },
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-go], [data-copy], [data-js]");
    if (!button) return;
    if (button.dataset.go) spaces.go(button.dataset.go);
    if (button.dataset.to) lead(button.dataset.to);
    if (button.dataset.copy) copy(button);
    if (button.dataset.js) small[button.dataset.js]?.(button);
  });

  document.addEventListener("input", (event) => {
    if (event.target === field("idea")) sessionStorage.setItem("spaces-idea", event.target.value.slice(0, 20000));
  });

  let afterG = false;
  document.addEventListener("keydown", (event) => {
    const after = afterG;
    afterG = false;
    const writing = event.target.closest?.("input, textarea, select, [contenteditable=true], .cm-editor");
    const strong = event.ctrlKey || event.metaKey;
    if (strong && event.key === "Enter" && event.target === field("idea")) {
      event.preventDefault();
      one("#build")?.click();
    } else if (strong && event.key === "Enter" && event.target === field("model-prompt")) {
      event.preventDefault();
      one("#model-ask")?.click();
    } else if (strong && event.key === "s" && event.target.closest?.("#editor")) {
      event.preventDefault();
      one("#save")?.click();
    } else if (event.key === "Escape") {
      [one("#chat-picker-close"), one("#stop"), one("#model-stop"), one("#query-stop"), one("#deploy-cancel"), one("#deploy-close")].find(shown)?.click();
    } else if (!writing && !strong && !event.altKey) {
      if (event.key === "/") {
        event.preventDefault();
        spaces.go("search");
        setTimeout(() => field("search-query")?.focus(), 60);
      } else if (event.key === "g") {
        afterG = true;
      } else if (after && spaces.tabs[event.key]) {
        spaces.go(spaces.tabs[event.key]);
      }
    }
  });

  const wanted = localStorage.getItem("spaces-theme");
  if (wanted) document.addEventListener("DOMContentLoaded", () => keepTheme(wanted));
  function keepTheme(theme) {
    const apply = () => document.body.classList.toggle("dark", theme === "dark");
    apply();
    // Gradio sets the class itself once it has read the system's preference.
    setTimeout(apply, 0);
    window.addEventListener("load", apply, { once: true });
  }
})();
