// Makes a filter of the tally of verdicts. Without it the tally is a tally, and everything is shown.
(() => {
  const tally = document.querySelector(".tally"), status = document.querySelector("#status");
  if (!tally) return;
  const plates = [...document.querySelectorAll(".plate")];
  const years = [...document.querySelectorAll(".year")];
  const buttons = [];
  let wanted = "";
  const show = () => {
    for (const plate of plates) plate.hidden = Boolean(wanted) && plate.dataset.verdict !== wanted;
    for (const year of years) year.hidden = !year.querySelector(".plate:not([hidden])");
    for (const gap of document.querySelectorAll(".gap")) gap.hidden = Boolean(wanted);
    for (const stop of document.querySelectorAll(".stop"))
      stop.classList.toggle("off", Boolean(wanted) && stop.dataset.verdict !== wanted);
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.parentNode.dataset.verdict === wanted));
    status.textContent = `${plates.filter((plate) => !plate.hidden).length} of ${plates.length} claims are shown.`;
  };
  for (const item of tally.children) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...item.childNodes);
    button.addEventListener("click", () => {
      wanted = wanted === item.dataset.verdict ? "" : item.dataset.verdict;
      show();
    });
    item.append(button);
    buttons.push(button);
  }
  for (const stop of document.querySelectorAll(".stop"))
    stop.addEventListener("click", () => {
      if (stop.classList.contains("off")) { wanted = ""; show(); }
    });
  tally.classList.add("live");
  tally.setAttribute("aria-label", "Show the claims of one verdict");
  for (const button of buttons) button.setAttribute("aria-pressed", "false");
})();
