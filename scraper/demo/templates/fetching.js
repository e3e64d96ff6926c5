function get(address, query) {
  return fetch(address + '?' + new URLSearchParams(query)).then(function (answer) { return answer.json(); });
}
function showFetched(query, container) {
  return get('{{ api }}', query).then(function (data) {
    showQuotes(data.quotes, container);
    return data;
  });
}
