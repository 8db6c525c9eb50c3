// Figures and log lines are asked for only while somebody can see them, and never before the last answer has come.
(() => {
  const spaces = window.spaces;
  const seen = (selector) => document.querySelector(selector)?.offsetParent != null;
  const BEAT = 500; // of looking; asked is every fourth time
  const PATIENCE = 20_000;

  spaces.pulse = (trigger, watch) => {
    let asked = 0; // when the unanswered question was asked
    let beats = 0;
    watch("value", () => (asked = 0));
    setInterval(() => {
      if (document.hidden || (asked && Date.now() - asked < PATIENCE)) return;
      // A chip that does not know yet asks at once.
      const first = seen(".chrome-seal.is-working");
      beats += 1;
      if (!first && beats % 4) return;
      // Where an app is known and its pane is not open, its end is still noticed, four times more slowly.
      const name = seen("#preview-log .log") ? "tail" : seen(".chrome") || (beats % 16 === 0 && document.querySelector(".chrome")) ? "figures" : null;
      if (!name) return;
      asked = Date.now();
      trigger(name, { arg: "" });
    }, BEAT);
  };

  spaces.forms.egress = (form, trigger) => trigger("network", { arg: `egress ${form.querySelector("input").value}` });
})();
