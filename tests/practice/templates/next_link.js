function addNext(pager, page) {
  var item = element('li', 'next');
  item.append(link('', '?page=' + (page + 1), 'Next →'));
  pager.append(item);
}
