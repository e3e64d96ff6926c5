function element(name, className, text) {
  var made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}
function link(className, address, text) {
  var made = element('a', className, text);
  made.setAttribute('href', address);
  return made;
}
function quoteElement(quote) {
  var shown = element('div', 'quote', '\n'), by = element('span', '', 'by '), tags = element('div', 'tags', '\n');
  by.append(element('small', 'author', quote.author.name), ' ', link('', '/quotes/author/' + quote.author.slug, '(about)'));
  quote.tags.forEach(function (tag) {
    tags.append(link('tag', '/quotes/tag/' + encodeURIComponent(tag.trim()) + '/page/1/', tag), '\n');
  });
  shown.append(element('span', 'text', quote.text), '\n', by, '\n', tags, '\n');
  return shown;
}
function showQuotes(quotes, container) {
  quotes.forEach(function (quote) { container.append(quoteElement(quote), '\n'); });
}
