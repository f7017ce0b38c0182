// GOV.UK Frontend's behaviour of the components: every page works without it.
const script = document.querySelector("script[data-govuk]");
const source = script instanceof HTMLScriptElement ? script.dataset.govuk : undefined;
if (source !== undefined) {
  document.body.classList.add("js-enabled", "govuk-frontend-supported");
  const { initAll } = await import(source);
  initAll();
}
