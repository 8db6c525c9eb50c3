// The form that connects a server of somebody else's; its header goes to the session's own route and nowhere else.
(() => {
  const spaces = window.spaces;

  spaces.forms.connection = (form, trigger) =>
    spaces.submit(form, "Asking the server for its tools.", async () => {
      const field = (name) => form.querySelector(`#connection-${name}`);
      const address = field("address").value.trim();
      const given = address.includes("://") ? { url: address } : { space: address };
      if (field("name").value.trim()) given.name = field("name").value.trim();
      if (field("value").value.trim()) given.headers = { [field("header").value.trim() || "Authorization"]: field("value").value.trim() };
      if (field("hub").checked) given.hub_token = true;
      if (field("trust").checked) given.trust_reads = true;
      const made = await spaces.send("POST", "connections", given);
      form.querySelectorAll("input").forEach((input) => (input.type === "checkbox" ? (input.checked = false) : (input.value = "")));
      trigger("connected", { arg: made.name });
      return `${made.name} is connected, with ${made.tools.length} tools.`;
    });
})();
