window.addEventListener('load', function () {
  for (var turn = 1; turn <= {{ "Infinity" if most is none else most }}; turn++) alert('Alert ' + turn);
  document.body.dataset.state = 'done';
});
