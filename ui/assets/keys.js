// The forms that carry a model key to the session's own routes. The key is in the field, in one request, and nowhere else.
(() => {
  const spaces = window.spaces;
  const inside = (form, name) => form.querySelector(`#${name}`);
  const fact = (key, report) => JSON.stringify({ id: key.id, checked: report ? report.checked : true, note: report ? report.note : "" });

  spaces.forms["model-key"] = (form, trigger) =>
    spaces.submit(form, "Asking the provider about the key.", async () => {
      const value = (name) => inside(form, name).value.trim();
      const key = await spaces.send("POST", "keys", {
        provider: value("key-provider") || value("key-name"),
        key: value("key-value") || null,
        label: value("key-label"),
        base_url: value("key-base") || null,
        models: value("key-models"),
      });
      form.querySelectorAll("input").forEach((input) => (input.value = ""));
      trigger("keyed", { arg: fact(key, key.report) });
      return `${key.label} is added${key.last4 ? ", " + key.last4 : ""}. ${key.report.note}`;
    });

  spaces.forms.rotate = (form, trigger) =>
    spaces.submit(form, "Asking the provider about the new key.", async () => {
      const input = inside(form, "rotate-input");
      const key = await spaces.send("PATCH", `keys/${encodeURIComponent(form.dataset.id)}`, { key: input.value.trim() });
      input.value = "";
      if (key.was_remembered) await spaces.remember(key.id, key.was_remembered);
      trigger("keyed", { arg: fact(key) });
      return "The key is replaced.";
    });

  spaces.forms.limits = (form, trigger) =>
    spaces.submit(form, "Setting the limits.", async () => {
      const limits = {};
      form.querySelectorAll("[data-limit]").forEach((input) => (limits[input.dataset.limit] = input.value === "" ? null : Number(input.value)));
      await spaces.send("PUT", "budget", limits);
      trigger("limited", { arg: "" });
      return "The limits are set.";
    });
})();

// Keys a browser keeps. What is stored is what the server sealed; neither this script nor the storage can open it.
(() => {
  const spaces = window.spaces;
  const STORE = "spaces-keys";

  function stored() {
    try {
      const list = JSON.parse(localStorage.getItem(STORE) || "[]");
      return Array.isArray(list) ? list.filter((one) => one && one.until > Date.now() / 1000) : [];
    } catch {
      return [];
    }
  }

  function store(list) {
    try {
      if (list.length) localStorage.setItem(STORE, JSON.stringify(list.slice(-32)));
      else localStorage.removeItem(STORE);
    } catch {
      throw { message: "This browser keeps nothing for this page.", fix: "Allow it to store data, or paste the key anew each time." };
    }
  }

  const drop = (copy) => store(stored().filter((one) => one.copy !== copy));

  // The copies are brought to a session that is new; what can no longer be opened is not kept either.
  spaces.welcome.push(async () => {
    const list = stored();
    if (!list.length) return;
    try {
      const { gone } = await spaces.send("POST", "remembered/restore", { copies: list.map((one) => one.text) });
      store(list.filter((_, place) => !gone.includes(place)));
    } catch (error) {
      if (error.code === "forbidden") store([]); // the cookie they were sealed with is gone
    }
  });

  async function remember(id, before) {
    await spaces.send("POST", "remembered/browser");
    const made = await spaces.send("POST", "remembered", { id });
    try {
      store([...stored().filter((one) => one.copy !== before), made]);
    } catch (error) {
      await spaces.send("DELETE", `remembered/${encodeURIComponent(made.copy)}`);
      throw error;
    }
    return new Date(made.until * 1000).toLocaleDateString(undefined, { day: "numeric", month: "long", year: "numeric" });
  }
  spaces.remember = remember;

  const told = (form, trigger, note) => trigger("keyed", { arg: JSON.stringify({ id: form.dataset.id, checked: true, note }) });

  spaces.forms.remember = (form, trigger) =>
    spaces.submit(form, "Sealing the key.", async () => {
      const until = await remember(form.dataset.id);
      told(form, trigger, `Remembered in this browser until ${until}.`);
      return "";
    });

  // A copy that tells something else than its key does now, such as who pays, is made anew.
  spaces.renewCopies = (element, trigger) =>
    element.querySelectorAll("form[data-outdated]").forEach((form) => {
      form.removeAttribute("data-outdated");
      spaces.submit(form, "Renewing the copy.", async () => {
        await remember(form.dataset.id, form.dataset.copyId);
        trigger("keyed", { arg: JSON.stringify({ id: form.dataset.id, renewed: true }) });
        return "";
      });
    });

  spaces.forms["forget-all"] = (form, trigger) =>
    spaces.submit(form, "Forgetting every copy.", async () => {
      store([]);
      await spaces.send("DELETE", "remembered").catch((error) => {
        if (error.code !== "forbidden") throw error; // without its cookie the copies are dead already
      });
      trigger("keyed", { arg: "{}" });
      return "";
    });

  spaces.forms["forget-copy"] = (form, trigger) =>
    spaces.submit(form, "Forgetting the copy.", async () => {
      drop(form.dataset.copyId);
      await spaces.send("DELETE", `remembered/${encodeURIComponent(form.dataset.copyId)}`).catch((error) => {
        if (error.code !== "not_found") throw error;
      });
      told(form, trigger, "Forgotten in this browser; the key stays for this session.");
      return "";
    });

  document.addEventListener("click", (event) => {
    const card = event.target.closest?.("[data-act=remove]")?.closest("[data-copy-id]");
    if (card) drop(card.dataset.copyId); // the server ends the copy together with its key
  });

  // The order on the page is the order in which they come back.
  addEventListener("pagehide", () => {
    const order = [...document.querySelectorAll(".key-card[data-copy-id]")].map((card) => card.dataset.copyId);
    const list = stored();
    if (order.length > 1 && list.length > 1) store(list.sort((a, b) => order.indexOf(a.copy) - order.indexOf(b.copy)));
  });
})();

// Signing in at OpenRouter, and child keys of a management key.
(() => {
  const spaces = window.spaces;
  const byId = (id) => document.getElementById(id);
  const fact = (key) => ({ arg: JSON.stringify({ id: key.id, checked: key.report ? key.report.checked : true, note: key.report ? key.report.note : "" }) });
  let announce = null;

  function connected(text) {
    const form = byId("openrouter-code-form");
    form.hidden = byId("openrouter-link").hidden = true;
    form.querySelector("input").value = "";
    const said = byId("openrouter-connect").form.querySelector(".token-said");
    said.className = "token-said is-done";
    said.textContent = text;
  }

  spaces.forms.openrouter = (form, trigger) => {
    announce = trigger;
    // Opened now, while the click still counts; filled once the address is known.
    const tab = window.open("about:blank", "_blank");
    if (tab) tab.opener = null;
    return spaces.submit(form, "Beginning.", async () => {
      let begun;
      try {
        begun = await spaces.send("POST", "openrouter", { returns: window.top === window && spaces.keepsCookies() });
      } catch (error) {
        tab?.close();
        throw error;
      }
      const link = byId("openrouter-link");
      link.href = begun.url;
      link.hidden = Boolean(tab);
      if (tab) tab.location.replace(begun.url);
      const code = byId("openrouter-code-form");
      code.dataset.state = begun.state;
      code.hidden = false;
      code.querySelector(".token-said").textContent = "";
      return begun.returns
        ? "Allow it in the tab that opened; the key then appears here. If it shows a code, paste it below."
        : "Allow it in the tab that opened, and paste the code it shows.";
    });
  };

  spaces.forms["openrouter-code"] = (form, trigger) =>
    spaces.submit(form, "Trading the code for a key.", async () => {
      const input = form.querySelector("input");
      const key = await spaces.send("POST", "openrouter/code", { state: form.dataset.state, code: input.value.trim() });
      trigger("keyed", fact(key));
      connected(`OpenRouter is connected, ${key.last4}. ${key.report.note}`);
      return "";
    });

  // The tab that OpenRouter sent back here says which key it brought.
  new BroadcastChannel("spaces-keys").onmessage = (event) => {
    if (!announce || typeof event.data?.added !== "string") return;
    announce("keyed", fact({ id: event.data.added }));
    connected("OpenRouter is connected.");
  };

  spaces.forms.child = (form, trigger) => {
    const inside = (name) => form.querySelector(`#child-${name}`);
    const done = () => {
      form.reset(); // a redraw keeps what stands in a field
      trigger("made", { arg: form.dataset.id });
    };
    return spaces.submit(form, "Making the key.", async () => {
      const made = await spaces.send("POST", `keys/${encodeURIComponent(form.dataset.id)}/children`, {
        name: inside("name").value,
        limit: Number(inside("limit").value),
        reset: inside("reset").value,
        days: Number(inside("days").value),
        keep: inside("keep").checked,
        copy: inside("copy").checked,
      });
      if (!made.key) {
        done();
        return "The key is made.";
      }
      offer(form, made.key, done);
      return "The key is made. Copy it now; it is not shown again.";
    });
  };

  // The key is in this closure until it is copied, and never in the page.
  function offer(form, key, done) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-primary", textContent: "Copy the key, once" });
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(key);
      } catch {
        const said = form.querySelector(".token-said");
        said.className = "token-said is-failed";
        said.textContent = "The browser did not allow the copy. Allow it and press again.";
        return;
      }
      key = "";
      button.remove();
      done();
    });
    form.append(button);
    button.focus();
  }
})();
