// The dialog that asks for the next code when a window has ended in the middle of work, and goes on with it.
(function() {
  var asked, dialog, serial = 0;

  // What was refused has done nothing: it is done once more.
  function go_on() {
    var was = asked;
    asked = null;

    if (was.page) {
      window.location.reload();
    }
    else if (was.action === 'send') {
      rcmail.submit_messageform(was.draft);
    }
    else if (was.framed) {
      var frame = rcmail.get_frame_window(rcmail.env.contentframe);
      if (frame) {
        frame.location.reload();
      }
    }
    else if (rcmail.task === 'settings' && rcmail.env.action === 'plugin.mailotp') {
      rcmail.triggerEvent('plugin.mailotp.again');
    }
    else if (rcmail.gui_objects.messagelist) {
      rcmail.command('list', rcmail.env.mailbox);
    }
  }

  function close() {
    var open = dialog;
    dialog = null;
    if (open) {
      open.dialog('close');
    }
  }

  function due(challenge) {
    return challenge ? rcmail.get_label('mailotp.due').replace('$challenge', function() { return challenge; }) : '';
  }

  // Made of elements and text: what the server says is no markup.
  function content(challenge) {
    var box = $('<form class="mailotp-dialog">');

    box.append($('<p id="mailotp-why">').text(rcmail.get_label('mailotp.expiredtext')))
      .append($('<p id="mailotp-due-now" role="status" aria-live="assertive">').text(due(challenge)))
      .append($('<label for="mailotp-next">').text(rcmail.get_label('mailotp.code')))
      .append($('<input id="mailotp-next" type="password" class="form-control" autocomplete="one-time-code" aria-describedby="mailotp-why mailotp-due-now">'));

    return box.on('submit', function(event) {
      event.preventDefault();
      renew(box);
    });
  }

  function renew(box) {
    var field = box.find('input'), code = field.val();
    box.find('[role=status]').text(rcmail.get_label('mailotp.checking'));
    field.val('');
    rcmail.http_post('plugin.mailotp.renew', {_code: code, _serial: asked.serial});
  }

  function ask(said) {
    // A message shown in a frame is asked about by the page around it, as any dialog of Roundcube.
    if (rcmail.is_framed() && window.parent.rcmail) {
      window.parent.rcmail.triggerEvent('plugin.mailotp.expired', $.extend({}, said, {page: false, framed: true}));
      return;
    }

    if (said.unlock) {
      rcmail.iframe_loaded(said.unlock);
    }

    // Refused before the code that the session has by now.
    if (said.serial < serial && !asked) {
      asked = said;
      go_on();
      return;
    }

    if (asked) {
      // What a user waits for comes before what the page looks for by itself.
      if (asked.action !== 'send' && said.action === 'send') {
        asked = said;
      }
      return;
    }
    asked = said;

    var box = content(said.challenge);
    dialog = rcmail.show_popup_dialog(box, rcmail.get_label('mailotp.expired'), [
      {text: rcmail.get_label('mailotp.goon'), 'class': 'mainaction save', click: function() { renew(box); }},
      {text: rcmail.get_label('mailotp.later'), 'class': 'cancel', click: close}
    ], {close: function() { asked = dialog = null; $(this).remove(); }});
    box.find('input').trigger('focus');
  }

  rcmail.addEventListener('plugin.mailotp.expired', ask);

  rcmail.addEventListener('plugin.mailotp.wrong', function(said) {
    if (dialog) {
      dialog.find('[role=status]').text(said.text + ' ' + due(said.challenge));
      dialog.find('input').trigger('focus');
    }
  });

  rcmail.addEventListener('plugin.mailotp.renewed', function(said) {
    var was = asked;
    serial = said.serial;
    close();
    asked = was;
    if (asked) {
      go_on();
    }
  });

  rcmail.addEventListener('init', function() {
    if (rcmail.env.mailotp_expired) {
      ask(rcmail.env.mailotp_expired);
    }
  });
})();
