// What was typed on the page of a message and not sent: it is carried over while another of the forms there does
// its work, and whoever leaves by a link is asked first. Between two pages it lies in this tab, nowhere else.
const fields = [...document.querySelectorAll("#answer-text, #note-text")];
const message = document.querySelector(".inbox-message").dataset.message;
const nameOf = (field) => `unsent ${message} ${field.id}`;
let sending = false;

for (const field of fields) {
  const typed = sessionStorage.getItem(nameOf(field));
  sessionStorage.removeItem(nameOf(field));
  if (typed && !field.value) field.value = typed;
}
addEventListener("submit", (event) => {
  // Who logs out, or searches, leaves as by a link: in this tab nothing is left for whoever comes next.
  if (event.target.closest("#wagtail-sidebar")) return;
  sending = true;
  for (const field of fields) {
    if (field.form !== event.target && field.value) sessionStorage.setItem(nameOf(field), field.value);
  }
});
addEventListener("beforeunload", (event) => {
  if (!sending && fields.some((field) => field.value !== field.defaultValue)) event.preventDefault();
});
addEventListener("pageshow", () => {
  sending = false;
});
