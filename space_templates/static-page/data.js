// What this page is about. Change it and reload.
window.APP = {
  title: ${title},
  about: ${about},
  kind: ${kind},
  items: ${items},
};
