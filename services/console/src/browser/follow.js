// Keeps what a page tells of something that goes on up to date, in its place. Without it the page is loaded again.
const told = document.querySelector("[data-follow]");

/** @param {HTMLElement} shown */
async function look(shown) {
  const answer = await fetch(location.href, { cache: "no-store", redirect: "error" }).catch(() => undefined);
  const page = new DOMParser().parseFromString((await answer?.text()) ?? "", "text/html");
  const next = page.querySelector("[data-follow]");
  if (answer?.ok && next) shown.replaceChildren(...next.childNodes);
  // It is over, and the page has something else to say; a server that is away is asked again.
  else if (answer) return location.reload();
  wait(shown);
}

/** @param {HTMLElement} shown */
function wait(shown) {
  setTimeout(() => void look(shown), Number(shown.dataset.follow) * 1_000);
}

if (told instanceof HTMLElement) wait(told);
