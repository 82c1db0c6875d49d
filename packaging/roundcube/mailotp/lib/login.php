<?php

/** The login page. */
class mailotp_login
{
    private $mailotp;
    private $rcmail;

    public function __construct(mailotp $mailotp)
    {
        $this->mailotp = $mailotp;
        $this->rcmail = $mailotp->rcmail;
    }

    public function init()
    {
        $this->mailotp->add_hook('startup', [$this, 'startup']);
        $this->mailotp->add_hook('authenticate', [$this, 'authenticate']);
        $this->mailotp->add_hook('loginform_content', [$this, 'form']);
        $this->mailotp->add_hook('login_after', [$this, 'logged_in']);
    }

    /** Who asks is not logged in yet, but the page has a token: the button, or `?` in the field of the password. */
    public function startup($args)
    {
        // Before it is a login: it is none that failed, and Roundcube counts those.
        if ($args['task'] === 'login' && $args['action'] === 'login' && $this->is_question()) {
            $this->rcmail->output->show_message(rcube::Q($this->challenge()), 'notice', null, true, 0);
            $args['action'] = '';
        }

        if ($args['action'] === 'plugin.mailotp.challenge' && empty($_SESSION['user_id'])) {
            $this->mailotp->must_be_asked_by_page();
            $this->mailotp->answer('challenge', ['text' => $this->challenge()]);
        }

        if (isset($_GET['_mailotp']) && empty($_SESSION['user_id'])) {
            $this->rcmail->output->show_message('mailotp.unforwarded', 'error', null, true, 0);
        }

        return $args;
    }

    private function is_question()
    {
        return rcube_utils::get_input_string('_pass', rcube_utils::INPUT_POST, true) === '?'
            && !empty($_SESSION['temp'])
            && $this->rcmail->check_request();
    }

    /** Nobody logs in from nowhere. */
    public function authenticate($args)
    {
        if (empty($args['valid'])) {
            return $args;
        }

        if ($this->mailotp->address() === null) {
            $this->mailotp->complain('the address of users is not known: set proxy_whitelist to the proxy in front of the webmail');
            $args['abort'] = true;
            $args['error'] = $this->mailotp->gettext('noaddress');
        }

        return $args;
    }

    public function form($content)
    {
        $this->mailotp->include_part('login');
        $challenge = $this->mailotp->storage->challenge;

        if (isset($content['inputs']['password'])) {
            $field = preg_replace('/ autocomplete="[^"]*"/', '', $content['inputs']['password']['content']);
            $content['inputs']['password']['content'] = preg_replace('/<input /', '<input autocomplete="one-time-code" aria-describedby="mailotp-challenge" ', $field, 1);
        }

        $due = html::span(
            ['id' => 'mailotp-challenge', 'role' => 'status', 'aria-live' => 'polite'],
            $challenge === '' ? '' : rcube::Q($this->due($challenge))
        );
        $ask = html::tag('button', ['type' => 'button', 'id' => 'mailotp-ask', 'class' => 'button btn btn-secondary'], rcube::Q($this->mailotp->gettext('ask')));
        $content['buttons'] = ['mailotp' => ['outterclass' => 'mailotp-login', 'content' => $due . $ask]] + $content['buttons'];
        $this->rcmail->output->add_label('mailotp.needuser', 'mailotp.asking', 'mailotp.noanswer');

        return $content;
    }

    /** A login has just succeeded: does the server know from where? And how many codes are left? */
    public function logged_in($args)
    {
        $helper = $this->mailotp->helper();

        if ($helper === null) {
            return $args;
        }

        [$exit, $account] = $this->look($helper, $this->mailotp->address());

        if ($exit === mailotp_helper::NOT_PERMITTED && $this->is_taken_for_its_user($helper)) {
            $this->mailotp->complain('the mail server takes this machine for its users: name it in login_trusted_networks');
            $this->rcmail->kill_session();
            $this->rcmail->output->redirect(['_task' => 'login', '_mailotp' => 'unforwarded'], 0, true);
        }

        if ($exit !== 0) {
            $this->mailotp->complain("the helper does not say what an account has, so that nobody knows whether the mail server "
                . "believes the address of users: $exit " . ($account['message'] ?? 'no answer')
                . ' (is "manage" in one group of [services] with what the webmail logs in to?)');

            return $args;
        }

        $codes = array_filter($account['credentials'] ?? [], [self::class, 'is_code']);
        $left = array_filter(array_column($codes, 'left'), 'is_int');

        if ($left) {
            $_SESSION['mailotp_left'] = array_sum($left);
        }

        return $args;
    }

    private function look(mailotp_helper $helper, $at)
    {
        return $helper->run($this->rcmail->get_user_name(), $this->rcmail->get_user_password(), ['show'], $at);
    }

    /** Whether the code has opened its window where this machine is, and not where the user sits. */
    private function is_taken_for_its_user(mailotp_helper $helper)
    {
        foreach (array_unique(['127.0.0.1', '::1', $_SERVER['SERVER_ADDR'] ?? '::1']) as $own) {
            if ($this->look($helper, $own)[0] === 0) {
                return true;
            }
        }

        return false;
    }

    private static function is_code($credential)
    {
        return in_array($credential['kind'] ?? '', ['sheet', 'sequence', 'totp', 'hotp'], true);
    }

    /** What is due for the user who was typed, in a sentence. */
    private function challenge()
    {
        $user = $this->user();
        $address = $this->mailotp->address();

        if ($user === '') {
            return $this->mailotp->gettext('needuser');
        }

        if ($address === null) {
            return $this->mailotp->gettext('noaddress');
        }

        $limiter = new mailotp_limiter(
            rcube_cache::factory('db', 0, 'mailotp', '10m', true),
            (int) $this->rcmail->config->get('mailotp_questions', 10)
        );

        if (!$limiter->allows(mailotp_address::network($address), time())) {
            return $this->mailotp->gettext('toooften');
        }

        $challenge = $this->mailotp->storage->ask($this->rcmail->autoselect_host(), $user);

        return $challenge === '' ? $this->mailotp->gettext('noanswer') : $this->due($challenge);
    }

    private function due($challenge)
    {
        return $this->mailotp->gettext(['name' => 'due', 'vars' => ['challenge' => $challenge]]);
    }

    /** The user as Roundcube will log in: with the domain that it adds. */
    private function user()
    {
        $user = trim((string) rcube_utils::get_input_string('_user', rcube_utils::INPUT_POST));
        $domain = $this->rcmail->config->get('username_domain');
        $host = $this->rcmail->autoselect_host();
        $domain = is_array($domain) ? ($domain[$host] ?? '') : $domain;

        if ($user !== '' && $domain && strpos($user, '@') === false) {
            $user .= '@' . rcube_utils::parse_host($domain, $host);
        }

        return strlen($user) > 254 || preg_match('/[[:cntrl:]]/', $user) ? '' : mb_strtolower($user);
    }
}
