// The file manager's own glue: files and folders are sent by the action itself, one file is fetched, folders fold.
(() => {
  const spaces = window.spaces;
  const one = (selector) => document.querySelector(selector);
  const MOST_BYTES = 50_000_000;
  const MOST_FILES = 2000;
  const folded = new Set();

  async function call(name, given) {
    const response = await window.fetch(`/api/actions/${name}`, {
      method: "POST",
      credentials: "same-origin",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(given),
    });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw answer.error || { message: "The server did not answer.", fix: "Try again in a moment." };
    return answer;
  }

  const base64 = (file) =>
    new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(String(reader.result).split(",")[1] || "");
      reader.onerror = () => reject({ message: `${file.name} could not be read.`, fix: "Choose it again." });
      reader.readAsDataURL(file);
    });

  let tell = null; // the trigger of the upload part

  spaces.uploads = (trigger) => (tell = trigger);

  // `files` are pairs of a path and a File.
  async function send(files) {
    const project = one("#tree nav")?.dataset.project;
    const folder = one("#file-name .file-head")?.dataset.folder || "";
    try {
      if (!project) throw { message: "No project is open.", fix: "Build an app first, or import a zip." };
      if (files.length > MOST_FILES) throw { message: `${files.length} files are more than ${MOST_FILES}.`, fix: "Send fewer." };
      if (files.reduce((sum, [, file]) => sum + file.size, 0) > MOST_BYTES) throw { message: "The upload is larger than 50 MB.", fix: "Send less at once." };
      const given = {};
      for (const [path, file] of files) given[path] = await base64(file);
      const answer = await call("project_upload", { project, files: given, folder });
      tell("uploaded", { arg: JSON.stringify(answer.changed.slice(0, 200)) });
    } catch (error) {
      tell("refused", { arg: JSON.stringify({ message: error.message || "The upload did not arrive.", fix: error.fix || "" }) });
    }
  }

  document.addEventListener("change", (event) => {
    const input = event.target.closest?.("input[data-upload]");
    if (!input || !input.files.length) return;
    const files = [...input.files].map((file) => [file.webkitRelativePath || file.name, file]);
    input.value = "";
    send(files);
  });

  // What is dropped may be folders; they are walked, links in them are what the browser makes of them.
  async function walk(entry, found) {
    if (found.length > MOST_FILES) return;
    if (entry.isFile) {
      found.push([entry.fullPath.replace(/^\//, ""), await new Promise((resolve, reject) => entry.file(resolve, reject))]);
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const inside = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!inside.length) return;
      for (const each of inside) await walk(each, found);
    }
  }

  const place = (event) => event.dataTransfer?.types.includes("Files") && event.target.closest?.("#files-row");
  document.addEventListener("dragover", (event) => {
    if (!place(event)) return;
    event.preventDefault();
    one("#files-row").classList.add("is-target");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget?.closest?.("#files-row")) one("#files-row")?.classList.remove("is-target");
  });
  document.addEventListener("drop", async (event) => {
    if (!place(event)) return;
    event.preventDefault();
    one("#files-row").classList.remove("is-target");
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const found = [];
    try {
      for (const entry of entries) await walk(entry, found);
    } catch {
      return tell("refused", { arg: JSON.stringify({ message: "What was dropped could not be read.", fix: "Use the upload button." }) });
    }
    send(found);
  });

  async function download(path) {
    const project = one("#tree nav")?.dataset.project;
    try {
      const file = await call("project_read", { project, path });
      const bytes = file.base64 === undefined ? file.text : Uint8Array.from(atob(file.base64), (letter) => letter.charCodeAt(0));
      // Never the file's own type: a page of the project must not open as a page of this one.
      const address = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
      Object.assign(document.createElement("a"), { href: address, download: path.split("/").pop() }).click();
      setTimeout(() => URL.revokeObjectURL(address), 10_000);
    } catch (error) {
      tell("refused", { arg: JSON.stringify({ message: error.message || "The file did not arrive.", fix: error.fix || "" }) });
    }
  }

  // What is edited lives in this page: leaving it asks first.
  window.addEventListener("beforeunload", (event) => document.querySelector(".tree-edited") && event.preventDefault());

  // Which folders are closed is the browser's business; a redraw of the tree keeps them so.
  spaces.fold = (tree) => {
    tree.querySelectorAll("[data-fold]").forEach((button) => button.setAttribute("aria-expanded", String(!folded.has(button.dataset.fold))));
    tree.querySelectorAll("li[data-in]").forEach((row) => (row.hidden = [...folded].some((folder) => row.dataset.in.startsWith(folder))));
  };

  document.addEventListener("click", (event) => {
    const wanted = event.target.closest?.("[data-download]");
    if (wanted) return void download(wanted.dataset.download);
    const fold = event.target.closest?.("[data-fold]");
    if (!fold) return;
    const folder = fold.dataset.fold;
    if (!folded.delete(folder)) folded.add(folder);
    spaces.fold(fold.closest(".tree"));
  });
})();
