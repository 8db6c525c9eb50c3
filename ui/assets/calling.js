// The form that calls a Space: what stands in its fields, by the names of the inputs; the server makes values of their types.
(() => {
  window.spaces.forms["space-tool"] = (form, trigger) => {
    const values = {};
    form.querySelectorAll("[name]").forEach((field) => (values[field.name] = field.type === "checkbox" ? field.checked : field.value));
    trigger("run", { arg: JSON.stringify(values) });
  };
})();
