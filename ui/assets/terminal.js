// The terminal's line: arrow up and down bring back what was run in this tab, also after a reload.
(() => {
  const spaces = window.spaces;
  const line = () => document.querySelector("#terminal-command textarea, #terminal-command input");
  const stored = () => JSON.parse(sessionStorage.getItem("spaces-commands") || "[]");
  const MOST = 200;
  let place = null; // counted from the end; null while a new line is written
  let draft = "";

  function remember() {
    const text = line()?.value.trim();
    place = null;
    if (!text) return;
    const commands = stored().filter((each) => each !== text);
    sessionStorage.setItem("spaces-commands", JSON.stringify([...commands, text.slice(0, 2000)].slice(-MOST)));
  }

  document.addEventListener(
    "keydown",
    (event) => {
      if (event.target !== line()) return;
      if (event.key === "Enter") return remember();
      if (event.key === "Escape") return document.querySelector("#terminal-stop")?.click();
      if (event.ctrlKey && event.key === "c" && event.target.selectionStart === event.target.selectionEnd) return document.querySelector("#terminal-stop")?.click();
      const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const commands = stored();
      if (place === null) draft = event.target.value;
      const next = Math.min(commands.length, Math.max(0, (place ?? 0) + step));
      place = next || null;
      spaces.fill("terminal-command", next ? commands[commands.length - next] : draft);
      event.target.setSelectionRange?.(event.target.value.length, event.target.value.length);
    },
    true,
  );
  document.addEventListener("click", (event) => event.target.closest?.("#terminal-run") && remember(), true);
})();
