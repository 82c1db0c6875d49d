<?php

/**
 * The settings page, for users without a shell: app passwords and sheets. What it shows, it asks for with the secret
 * of the session; for what it changes, the helper wants a code of its own, as it does at the shell.
 */
class mailotp_settings
{
    /** The forms of what mailotp makes: nothing else becomes an argument. */
    const ID = '/^[0-9a-z]{4,32}$/D';

    private $mailotp;
    private $rcmail;

    public function __construct(mailotp $mailotp)
    {
        $this->mailotp = $mailotp;
        $this->rcmail = $mailotp->rcmail;
    }

    public function init()
    {
        if ($this->rcmail->task !== 'settings' || $this->mailotp->helper() === null) {
            return;
        }

        $this->mailotp->add_hook('settings_actions', [$this, 'entry']);
        $this->mailotp->register_action('plugin.mailotp', [$this, 'page']);

        foreach (['list', 'password', 'sheet', 'revoke'] as $what) {
            $this->mailotp->register_action("plugin.mailotp.$what", [$this, $what . '_action']);
        }
    }

    public function entry($args)
    {
        $args['actions'][] = ['action' => 'plugin.mailotp', 'class' => 'mailotp', 'label' => 'settings', 'domain' => 'mailotp', 'title' => 'settings'];

        return $args;
    }

    public function page()
    {
        $this->mailotp->include_part('settings');
        $this->rcmail->output->add_label('mailotp.reallyrevoke', 'mailotp.revoke', 'mailotp.nocode', 'mailotp.nolabel', 'mailotp.working');
        $this->mailotp->register_handler('plugin.body', [new mailotp_page($this->mailotp), 'body']);
        $this->rcmail->output->set_pagetitle($this->mailotp->gettext('settings'));
        $this->rcmail->output->send('plugin');
    }

    public function list_action()
    {
        $this->begin();
        $this->show([]);
    }

    public function password_action()
    {
        $this->begin();
        $words = ['add', 'app-password'];

        foreach ((array) $this->rcmail->config->get('mailotp_services', ['mail']) as $service) {
            $words[] = '--service=' . $service;
        }

        $expires = $this->posted('_expires');

        if (preg_match('/^\d{4}-\d\d-\d\d$/D', $expires)) {
            $words[] = '--expires=' . $expires;
        }

        $made = $this->change(array_merge($words, ['--', $this->label()]));
        $this->show(['made' => (new mailotp_page($this->mailotp))->password($made)]);
    }

    public function sheet_action()
    {
        $this->begin();
        $count = min(100, max(1, (int) $this->posted('_count')));
        $made = $this->change(['add', 'sheet', "--count=$count", '--', $this->label()]);
        $this->show(['made' => (new mailotp_page($this->mailotp))->sheet($made)]);
    }

    public function revoke_action()
    {
        $this->begin();
        $id = $this->posted('_id');

        if (!preg_match(self::ID, $id)) {
            $this->fail('failed');
        }

        $this->change(['revoke', '--', $id]);
        $this->show([]);
    }

    /**
     * Who asks must be a page of ours, in a session that the mail server lets in from where it is: a session that was
     * carried elsewhere gets no further than the question for the next code.
     */
    private function begin()
    {
        $this->mailotp->must_be_asked_by_page();

        if (!$this->rcmail->storage_connect()) {
            $this->fail('noserver');
        }
    }

    /** What the account has, as a table; and what was just made, to be seen this once. */
    private function show(array $more)
    {
        $user = $this->rcmail->get_user_name();
        $helper = $this->mailotp->helper();
        [$exit, $account] = $helper->run($user, $this->rcmail->get_user_password(), ['show'], $this->mailotp->address());

        if ($exit !== 0) {
            $this->failed($exit, $account);
        }

        [$exit, $due] = $helper->run($user, $this->rcmail->get_user_password(), ['challenge'], $this->mailotp->address());
        $prompt = $exit === 0 ? mailotp_prompt::of('ALERT', $due['prompt'] ?? '') : '';
        $page = new mailotp_page($this->mailotp);
        $this->mailotp->answer('account', $more + ['table' => $page->table($account['credentials'] ?? []), 'due' => $prompt]);
    }

    /** A command that changes the account, with the code that was typed for it. */
    private function change(array $words)
    {
        $code = (string) rcube_utils::get_input_string('_code', rcube_utils::INPUT_POST, true);

        if ($code === '') {
            $this->fail('nocode');
        }

        [$exit, $said] = $this->mailotp->helper()->run($this->rcmail->get_user_name(), $code, $words);

        if ($exit === mailotp_helper::NOT_PERMITTED) {
            mailotp_work::count_wrong($this->rcmail);
        }

        if ($exit !== 0) {
            $this->failed($exit, $said);
        }

        unset($_SESSION['mailotp_wrong']);

        return $said;
    }

    private function failed($exit, array $said)
    {
        $this->mailotp->complain("the helper answers $exit: " . ($said['message'] ?? 'nothing'));
        $this->fail([mailotp_helper::NOT_PERMITTED => 'wrong', mailotp_helper::UNUSABLE => 'nohelper'][$exit] ?? 'failed');
    }

    private function fail($label)
    {
        $this->mailotp->answer('failed', ['text' => $this->mailotp->gettext($label)]);
    }

    private function label()
    {
        $label = trim($this->posted('_label'));

        if ($label === '') {
            $this->fail('nolabel');
        }

        return $label;
    }

    /** As it was typed: whatever it is, it is escaped where it is shown. */
    private function posted($name)
    {
        return (string) rcube_utils::get_input_string($name, rcube_utils::INPUT_POST, true);
    }
}
