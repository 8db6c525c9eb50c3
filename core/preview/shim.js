(() => {
  // Documents of opaque origin have no storage, no cookies, and their absolute paths leave the app's prefix.
  const prefix = "%MOUNT%";
  // To the page around: this document runs, or a part of it was kept from it.
  const tell = (word) => parent !== self && parent.postMessage("preview-" + word, "*");
  tell("here");
  addEventListener("error", ({target}) => /^(SCRIPT|LINK)$/.test(target.tagName) && tell("broken"), true);
  const fix = (given) => {
    try {
      const url = new URL(given.url ?? given, document.baseURI);
      if (url.host !== location.host || (url.pathname + "/").startsWith(prefix + "/")) return given;
      url.pathname = prefix + url.pathname;
      return given.url ? new Request(url, given) : url.href;
    } catch { return given; }
  };
  const store = () => {
    const map = new Map();
    return new Proxy({
      getItem: (k) => map.get(k + "") ?? null,
      setItem: (k, v) => void map.set(k + "", v + ""),
      removeItem: (k) => void map.delete(k + ""),
      clear: () => map.clear(),
      key: (i) => [...map.keys()][i] ?? null
    }, {
      get: (own, k) => k === "length" ? map.size : own[k] ?? map.get(k),
      set: (own, k, v) => map.set(k, v + ""),
      deleteProperty: (own, k) => map.delete(k) || 1
    });
  };
  for (const name of ["localStorage", "sessionStorage"]) {
    try { window[name]; } catch { Object.defineProperty(window, name, {value: store()}); }
  }
  try { document.cookie; } catch { Object.defineProperty(document, "cookie", {value: "", writable: true}); }
  const ask = fetch;
  window.fetch = (given, options) => ask(fix(given), options);
  const requests = XMLHttpRequest.prototype, open = requests.open;
  requests.open = function (way, url, ...more) { return open.call(this, way, fix(url), ...more); };
  for (const name of ["EventSource", "WebSocket"]) {
    const Own = window[name];
    window[name] = class extends Own { constructor(url, options) { super(fix(url), options); } };
  }
  addEventListener("click", async (event) => {
    const link = event.target.closest?.("a[download]");
    if (!link || !link.href.startsWith(location.origin)) return;
    event.preventDefault();
    const answer = await fetch(link.href), copy = document.createElement("a");
    copy.href = URL.createObjectURL(await answer.blob());
    copy.download = link.download || link.pathname.split("/").pop();
    copy.dispatchEvent(new MouseEvent("click"));
  }, true);
})();
