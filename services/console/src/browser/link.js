// Takes an invitation out of the address, where it would stay in the browser's history, and shows what it is for.

take();
// Another link that is opened in the same window changes nothing but this.
addEventListener("hashchange", take);

function take() {
  const form = document.querySelector("form[data-link]");
  const invitation = location.hash.slice(1);
  if (!(form instanceof HTMLFormElement) || invitation === "") return;
  history.replaceState(null, "", location.pathname);
  const field = form.elements.namedItem("invitation");
  if (field instanceof HTMLInputElement) field.value = invitation;
  form.submit();
}
