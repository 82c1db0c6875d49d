// The login page: the button that asks which code is due. What the server says is text, and never markup.
rcmail.addEventListener('init', function() {
  var user = document.getElementById('rcmloginuser'),
    password = document.getElementById('rcmloginpwd'),
    button = document.getElementById('mailotp-ask'),
    answer = document.getElementById('mailotp-challenge');

  if (!user || !button || !answer) {
    return;
  }

  button.addEventListener('click', function() {
    if (!user.value.trim()) {
      answer.textContent = rcmail.get_label('mailotp.needuser');
      user.focus();
      return;
    }
    button.disabled = true;
    answer.textContent = rcmail.get_label('mailotp.asking');
    rcmail.http_post('plugin.mailotp.challenge', {_user: user.value});
  });

  // Without an answer, too, the button works again.
  rcmail.addEventListener('requestplugin.mailotp.challenge', function() { button.disabled = false; });
  rcmail.addEventListener('plugin.mailotp.challenge', function(said) {
    button.disabled = false;
    answer.textContent = said.text || rcmail.get_label('mailotp.noanswer');
    password.focus();
  });
});
