// Sends the form's text through the FastAPI app's WebSocket and shows the answer.
const form = document.getElementById("echo");
const socket = new WebSocket(`ws://${location.host}/fastapi/echo`);
socket.onmessage = (event) => { form.querySelector("output").value = event.data; };
form.onsubmit = (event) => {
  event.preventDefault();
  socket.send(form.elements.text.value);
  form.reset();
};
