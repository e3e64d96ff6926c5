window.addEventListener('load', function () {
  var line = 'This sentence is repeated until the page is as large as asked. ', paragraph = line.repeat(1000000 / line.length);
  for (var size = 0; size < {{ size_mb }}; size++) document.querySelector('main').append(element('p', 'filling', paragraph));
  document.body.dataset.state = 'done';
});
