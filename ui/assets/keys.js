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
