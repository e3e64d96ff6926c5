window.addEventListener('load', function () {
  var kept = [], left = {{ "Infinity" if most_mb is none else most_mb }};
  function take() {
    for (var step = 0; step < 32 && left > 0; step++, left--) kept.push(new Array(131072).fill(Math.random()));
    if (left > 0) setTimeout(take); else document.body.dataset.state = 'done';
  }
  window.kept = kept;
  setTimeout(take);
});
