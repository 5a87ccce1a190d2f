// Filters while one types, and shows times in the reader's own zone. Without it the page shows all the same.
const field = document.querySelector("input[type=search]");
const items = [...document.querySelectorAll(".item")];
const names = items.map((item) => item.querySelector(".name bdi").textContent.toLowerCase());
const nothing = document.querySelector(".nothing");

function filter() {
  const wanted = field.value.trim().toLowerCase();
  let shown = 0;
  items.forEach((item, at) => { shown += !(item.hidden = !names[at].includes(wanted)); });
  nothing.hidden = shown > 0;
  if (items.length) nothing.lastElementChild.textContent = "No name matches.";
}

// With a filter in the address, the server left out what does not match.
if (!field.defaultValue) field.addEventListener("input", filter);
addEventListener("keydown", (event) => {
  if (event.key === "/" && event.target !== field && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    field.select();
  }
});

const form = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
for (const time of document.querySelectorAll("time")) time.textContent = form.format(new Date(time.dateTime));
document.querySelector(".zone")?.remove();
if (field.value && !field.defaultValue) filter();
