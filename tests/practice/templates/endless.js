var picture = document.createElement('img');
picture.src = '{{ resource }}';
document.querySelector('.list').after(picture);
