<?php

/** What a user sees who is logged in: the next code when a window ends, what is left, and the end at logout. */
class mailotp_work
{
    /** So many wrong codes in a row end the session, whose password they would replace. */
    const WRONG = 5;

    private $mailotp;
    private $rcmail;

    /** The session's user and secret, kept from logging out until after it. */
    private $leaving;

    public function __construct(mailotp $mailotp)
    {
        $this->mailotp = $mailotp;
        $this->rcmail = $mailotp->rcmail;
    }

    public function init()
    {
        $this->mailotp->add_hook('startup', [$this, 'startup']);
        $this->mailotp->add_hook('render_page', [$this, 'page']);
        $this->mailotp->add_hook('managesieve_connect', [$this, 'sieve']);
        $this->mailotp->add_hook('logout_after', [$this, 'logged_out']);
        $this->mailotp->register_action('plugin.mailotp.renew', [$this, 'renew']);
    }

    public function startup($args)
    {
        if (empty($_SESSION['user_id'])) {
            return $args;
        }

        if ($args['task'] === 'logout') {
            $this->leaving = [$this->rcmail->get_user_name(), $this->rcmail->get_user_password()];

            return $args;
        }

        if ($args['action'] !== 'plugin.mailotp.renew') {
            $this->mailotp->storage->when_refused = [$this, 'refused'];
        }

        // A message goes out by SMTP before it is put into a folder. If the window has ended, neither happens.
        if ($args['task'] === 'mail' && $args['action'] === 'send') {
            $this->rcmail->storage_connect();
        }

        return $args;
    }

    /**
     * The session's secret is not good any more, or not from here. The request ends before it has done anything,
     * and its page asks for the next code.
     */
    public function refused()
    {
        $output = $this->rcmail->output;
        $storage = $this->mailotp->storage;
        $asked = [
            'challenge' => $storage->challenge,
            'action' => (string) $this->rcmail->action,
            'draft' => !empty($_POST['_draft']),
            'unlock' => (string) rcube_utils::get_input_string('_unlock', rcube_utils::INPUT_GPC),
            'serial' => $_SESSION['mailotp_serial'] ?? 0,
        ];

        if ($output->ajax_call) {
            $this->mailotp->answer('expired', $asked);
        }

        if (!empty($_REQUEST['_framed'])) {
            $output->command('plugin.mailotp.expired', $asked + ['framed' => true]);
            $output->send('iframe');
            exit;
        }

        $this->mailotp->register_handler('plugin.body', [$this, 'body']);
        $output->set_env('mailotp_expired', $asked + ['page' => true]);
        $output->set_pagetitle($this->mailotp->gettext('expired'));
        $output->send('plugin');
        exit;
    }

    public function body()
    {
        return html::div(['class' => 'mailotp-expired boxcontent formcontent'], rcube::Q($this->mailotp->gettext('expiredpage')));
    }

    /** The next code. */
    public function renew()
    {
        $this->mailotp->must_be_asked_by_page();
        $serial = $_SESSION['mailotp_serial'] ?? 0;
        $code = (string) rcube_utils::get_input_string('_code', rcube_utils::INPUT_POST, true);

        // Another page of the session was first.
        if ($serial !== (int) rcube_utils::get_input_string('_serial', rcube_utils::INPUT_POST)) {
            $this->mailotp->answer('renewed', ['serial' => $serial]);
        }

        if ($code === '') {
            $this->mailotp->answer('wrong', ['challenge' => '', 'text' => $this->mailotp->gettext('nocode')]);
        }

        if ($this->mailotp->storage->login_again($code)) {
            $_SESSION['password'] = $this->rcmail->encrypt($code);
            $_SESSION['mailotp_serial'] = $serial + 1;
            unset($_SESSION['mailotp_wrong']);
            // The page goes on at once, and by then the session must have it.
            session_write_close();
            $this->mailotp->answer('renewed', ['serial' => $serial + 1]);
        }

        if (!$this->mailotp->storage->is_refused) {
            $this->mailotp->answer('wrong', ['challenge' => '', 'text' => $this->mailotp->gettext('noserver')]);
        }

        self::count_wrong($this->rcmail);
        $this->mailotp->answer('wrong', ['challenge' => $this->mailotp->storage->challenge, 'text' => $this->mailotp->gettext('wrong')]);
    }

    /** Counts a wrong code, and ends the session with too many of them. */
    public static function count_wrong(rcmail $rcmail)
    {
        $_SESSION['mailotp_wrong'] = ($_SESSION['mailotp_wrong'] ?? 0) + 1;

        if ($_SESSION['mailotp_wrong'] >= self::WRONG) {
            $rcmail->kill_session();
            $rcmail->output->command('session_error', $rcmail->url(['_task' => 'login', '_err' => 'session']));
            $rcmail->output->send();
            exit;
        }
    }

    /** Each page of the session can ask, and the first one says what is left. */
    public function page($args)
    {
        if (empty($_SESSION['user_id'])) {
            return $args;
        }

        $this->mailotp->include_part('work');
        $this->rcmail->output->add_label('mailotp.expired', 'mailotp.expiredtext', 'mailotp.due', 'mailotp.code', 'mailotp.goon', 'mailotp.checking', 'mailotp.later');

        if (isset($_SESSION['mailotp_left']) && $args['template'] === 'mail') {
            $left = $_SESSION['mailotp_left'];
            $low = $left <= (int) $this->rcmail->config->get('mailotp_low', 5);
            $this->rcmail->output->show_message($low ? 'mailotp.codeslow' : 'mailotp.codesleft', $low ? 'warning' : 'notice', ['left' => $left]);
            unset($_SESSION['mailotp_left']);
        }

        return $args;
    }

    /**
     * ManageSieve has no way to say for whom Roundcube connects. So the rule for it goes by the code alone
     * (`grace = "secret"`), and IMAP, which does say it, is asked first.
     */
    public function sieve($args)
    {
        $this->rcmail->storage_connect();

        return $args;
    }

    /** Logging out ends the window: what was typed here is worth nothing from now on. */
    public function logged_out($args)
    {
        $helper = $this->mailotp->helper();

        if ($helper !== null && $this->leaving) {
            [$exit, $said] = $helper->run($this->leaving[0], $this->leaving[1], ['grace', 'end'], $this->mailotp->address());

            if ($exit !== 0) {
                $this->mailotp->complain("a window stays open until it ends by itself: $exit " . ($said['message'] ?? 'no answer'));
            }
        }

        return $args;
    }
}
