// The browser's session: opened before anything is asked, by cookie, or by header where an embedding page blocks cookies.
(() => {
  const plain = window.fetch.bind(window);
  let held = null; // only while cookies are blocked; never stored

  const post = async (headers) =>
    (await plain("/api/session", { method: "POST", credentials: "same-origin", headers })).json();

  async function begin() {
    const answer = await post(held ? { "X-Session": held } : {});
    if (!answer.session) return answer;
    // A second request without the header tells whether the cookie of the first one came back.
    const kept = !held && !(await post({})).session;
    held = kept ? null : answer.session;
    return answer;
  }

  // One at a time: without cookies, two at once would be two sessions, and what was given to the one would be missed in the other.
  let opening = null;
  const open = () => (opening ||= begin().finally(() => (opening = null)));

  // What a new session is brought: a server that was restarted, or a session that expired, knows nothing of the page.
  const welcome = [];
  async function ready() {
    const answer = await open();
    const fresh = answer.fresh;
    answer.fresh = false; // who else waited for the same answer brings nothing
    if (fresh) for (const bring of welcome) await bring().catch(() => null);
    return answer;
  }

  window.fetch = (input, init = {}) => {
    const address = new URL(input instanceof Request ? input.url : input, location.href);
    if (!held || address.origin !== location.origin) return plain(input, init);
    const headers = new Headers(init.headers || (input instanceof Request ? input.headers : undefined));
    headers.set("X-Session", held);
    return plain(input, { ...init, headers });
  };

  // To one of the session's own routes; what is secret goes this way and no other.
  async function send(method, path, body) {
    await ready();
    const response = await window.fetch(`/api/session/${path}`, {
      method,
      credentials: "same-origin",
      headers: { "content-type": "application/json" },
      body: body && JSON.stringify(body),
    });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw answer.error || { message: "The server did not answer.", fix: "Try again in a moment." };
    if (held && answer.session) held = answer.session; // signing out changes it
    return answer;
  }

  const token = (method, body) => send(method, "token", body);

  window.spaces = { open: ready, send, token, welcome, keepsCookies: () => held === null, forms: {}, tabs: { a: "agent", s: "search", d: "deploy", k: "keys" } };
})();
