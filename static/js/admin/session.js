// Whoever signs in again in another tab has a new token: give it to the forms of this tab, so that what was
// typed here before the session ended can still be saved.
addEventListener("focus", async () => {
  const inputs = document.querySelectorAll("input[name=csrfmiddlewaretoken]");
  const answer = await fetch("/admin/second-factor/token/", { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const { token } = await answer.json();
  for (const input of inputs) input.value = token;
});
