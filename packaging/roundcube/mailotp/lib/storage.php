<?php

/** Connections to the mail server: for whom they are, and what is said to those that are refused. */
class mailotp_storage
{
    /** Whether the last login was refused: by the server, not for want of one. */
    public $is_refused = false;

    /** Which code is due, as the last refusal named it; empty where it named none. */
    public $challenge = '';

    /** @var ?callable What else is done about a refusal. */
    public $when_refused;

    private $mailotp;

    public function __construct(mailotp $mailotp)
    {
        $this->mailotp = $mailotp;
        $mailotp->add_hook('storage_connect', [$this, 'connecting']);
    }

    /**
     * Before a login: the user's address, by which rules and windows go, in an ID that Dovecot reads ahead of it
     * (RFC 2971). Roundcube comes here again after a login that failed, if `retry` is set.
     */
    public function connecting($args)
    {
        if ($args['attempt'] > 1) {
            $this->refused($this->mailotp->rcmail->get_storage()->conn);
            $args['retry'] = false;

            return $args;
        }

        $address = $this->mailotp->address();
        $this->is_refused = false;
        $this->challenge = '';

        if ($address === null) {
            // Nobody logs in from everywhere: without a user there is no connection.
            $args['user'] = '';

            return $args;
        }

        $args['preauth_ident'] = ['x-originating-ip' => $address] + (array) ($args['preauth_ident'] ?? []);
        $args['retry'] = true;

        return $args;
    }

    /**
     * Asks which code is due: a login with `?`, which mailotp refuses and does not count. By a connection of its own,
     * since the one of Roundcube would write of a login that failed.
     */
    public function ask($host, $user)
    {
        [$host, $scheme, $port] = rcube_utils::parse_host_uri(rcube_utils::parse_host($host), 143, 993);
        $storage = $this->mailotp->rcmail->get_storage();
        $options = ['attempt' => 1, 'port' => $port, 'ssl_mode' => self::ssl($scheme)];

        foreach (['auth_type', 'socket_options', 'timeout', 'force_caps', 'disabled_caps'] as $name) {
            $options[$name] = $storage->get_option($name);
        }

        $connection = new rcube_imap_generic();
        $connection->connect(rcube_utils::idn_to_ascii($host), $user, '?', $this->connecting($options));
        $this->refused($connection);
        $connection->closeConnection();

        return $this->challenge;
    }

    /** A login of the session's user with another code. */
    public function login_again($code)
    {
        $storage = $this->mailotp->rcmail->get_storage();
        $storage->close();
        $scheme = self::ssl($_SESSION['storage_ssl']);

        return $storage->connect($_SESSION['storage_host'], $_SESSION['username'], $code, $_SESSION['storage_port'], $scheme);
    }

    private static function ssl($scheme)
    {
        return ['ssl' => 'ssl', 'imaps' => 'ssl', 'tls' => 'tls'][$scheme] ?? null;
    }

    private function refused($connection)
    {
        if ($connection->errornum !== rcube_imap_generic::ERROR_NO) {
            return;
        }

        $this->is_refused = true;
        $this->challenge = mailotp_prompt::of($connection->resultcode, $connection->result);

        if ($this->when_refused) {
            ($this->when_refused)();
        }
    }
}
