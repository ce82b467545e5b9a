// Leads on once a passkey is registered; django-otp-webauthn only says that it is.
document.addEventListener("otp_webauthn.register_complete", () => {
  location.assign(document.getElementById("door-passkey").dataset.next);
});
