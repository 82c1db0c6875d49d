<?php

/** What a server says to a login that it refuses. */
class mailotp_prompt
{
    /** The longest prompt of mailotp. */
    const LENGTH = 200;

    /**
     * The challenge in a refusal, as a line of text: it is the server's, and data. Dovecot shows what PAM asks for
     * with the code ALERT (RFC 3501, 7.1); anything else is a refusal without one.
     */
    public static function of($code, $text)
    {
        if ($code !== 'ALERT') {
            return '';
        }

        $text = preg_replace('/[^\x20-\x7e]+/', ' ', (string) $text);
        $text = trim(preg_replace('/ +/', ' ', substr($text, 0, self::LENGTH)));

        // A prompt ends in a colon, for who types behind it. Here it stands alone.
        return rtrim($text, ': ');
    }
}
