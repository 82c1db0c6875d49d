// The settings page: app passwords and sheets. The tables come escaped from the server; everything else is text.
rcmail.addEventListener('init', function() {
  var code = document.getElementById('mailotp-code'), made = $('#mailotp-made');

  function post(action, data) {
    var lock = rcmail.set_busy(true, 'mailotp.working');
    rcmail.http_post('plugin.mailotp.' + action, data, lock);
  }

  // Each change needs the code; the helper remembers it for a while, and so does the field.
  function change(action, data) {
    if (!code.value.trim()) {
      rcmail.display_message(rcmail.get_label('mailotp.nocode'), 'warning');
      code.focus();
      return;
    }
    data._code = code.value;
    post(action, data);
  }

  function labelled(form) {
    var label = form.elements._label;
    if (label.value.trim()) {
      return true;
    }
    rcmail.display_message(rcmail.get_label('mailotp.nolabel'), 'warning');
    label.focus();
    return false;
  }

  $('#mailotp-password').on('submit', function(event) {
    event.preventDefault();
    if (labelled(this)) {
      change('password', {_label: this.elements._label.value, _expires: this.elements._expires.value});
    }
  });

  $('#mailotp-sheet').on('submit', function(event) {
    event.preventDefault();
    if (labelled(this)) {
      change('sheet', {_label: this.elements._label.value, _count: this.elements._count.value});
    }
  });

  $('#mailotp-table').on('click', '.mailotp-revoke', function() {
    var button = $(this), question = rcmail.get_label('mailotp.reallyrevoke').replace('$label', function() { return button.attr('data-label'); });
    rcmail.simple_dialog($('<p>').text(question), 'mailotp.revoke', function() {
      change('revoke', {_id: button.attr('data-id')});
      return true;
    }, {button: 'mailotp.revoke', button_class: 'delete'});
  });

  made.on('click', '.mailotp-print', function() { window.print(); });
  made.on('click', '.mailotp-hide', function() { made.empty(); });

  rcmail.addEventListener('plugin.mailotp.account', function(said) {
    $('#mailotp-table').html(said.table);
    $('#mailotp-due').text(said.due || '');
    if (said.made) {
      made.html(said.made).trigger('focus');
      $('#mailotp-password, #mailotp-sheet').trigger('reset');
    }
  });

  rcmail.addEventListener('plugin.mailotp.failed', function(said) {
    rcmail.display_message($('<i>').text(said.text).html(), 'error');
    code.focus();
  });

  rcmail.addEventListener('plugin.mailotp.again', function() { post('list', {}); });
  post('list', {});
});
