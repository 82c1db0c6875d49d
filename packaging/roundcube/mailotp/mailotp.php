<?php

/**
 * One-time codes for Roundcube: which code is due, the next one when a window ends, app passwords and sheets.
 * The server judges everything; this plugin asks it, and says for whom.
 *
 * @license MIT OR Apache-2.0
 */

foreach (['address', 'prompt', 'limiter', 'helper', 'storage', 'login', 'work', 'page', 'settings'] as $part) {
    require_once __DIR__ . "/lib/$part.php";
}

class mailotp extends rcube_plugin
{
    /** @var rcmail */
    public $rcmail;

    /** @var mailotp_storage */
    public $storage;

    public function init()
    {
        $this->rcmail = rcmail::get_instance();
        $this->load_config();
        $this->add_texts('localization/');
        $this->storage = new mailotp_storage($this);

        (new mailotp_login($this))->init();
        (new mailotp_work($this))->init();
        (new mailotp_settings($this))->init();
    }

    /** Where the user sits, as the web server and `proxy_whitelist` have it; null where that cannot be. */
    public function address()
    {
        return mailotp_address::of_user(rcube_utils::remote_addr(), $_SERVER['SERVER_ADDR'] ?? '');
    }

    /** The helper, or null where there is none. */
    public function helper()
    {
        $command = $this->rcmail->config->get('mailotp_command', '/usr/bin/mailotp-cli');

        return $command ? new mailotp_helper((array) $command) : null;
    }

    /**
     * Whether the browser says the session's token, which another site cannot make it say. Roundcube's own
     * check lets an empty request pass.
     */
    public function is_asked_by_page()
    {
        return $_SERVER['REQUEST_METHOD'] === 'POST'
            && $this->rcmail->output->ajax_call
            && hash_equals($this->rcmail->get_request_token(), (string) rcube_utils::request_header('X-Roundcube-Request'));
    }

    /** Ends the request where it was not our page that asked. */
    public function must_be_asked_by_page()
    {
        if (!$this->is_asked_by_page()) {
            rcube::raise_error(['code' => 403, 'message' => 'Request security check failed'], false, true);
        }
    }

    /** Answers an ajax request, and ends it. */
    public function answer($event, array $data)
    {
        $this->rcmail->output->command("plugin.mailotp.$event", $data);
        $this->rcmail->output->send();
        exit;
    }

    /** For the administrator: never with a secret in it. */
    public function complain($message)
    {
        rcube::raise_error(['code' => 500, 'type' => 'php', 'message' => "mailotp: $message"], true, false);
    }

    /** Script and style of one part of it. */
    public function include_part($name)
    {
        $this->include_script("js/$name.js");
        $this->include_stylesheet('skins/mailotp.css');
        $this->include_stylesheet($this->local_skin_path() . '/mailotp.css');
    }
}
