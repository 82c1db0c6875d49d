<?php

/**
 * mailotp's helper, by its command: this process is a `manager` there, and acts for an account with a secret of it.
 */
class mailotp_helper
{
    /** How long a command may take, in seconds: a sheet of a hundred codes has as many hashes. */
    const PATIENCE = 60;

    /** What a command that ends well may at most say. */
    const LENGTH = 1 << 20;

    const NOT_PERMITTED = 3;
    const UNUSABLE = 5;

    private $command;

    public function __construct(array $command)
    {
        $this->command = $command;
    }

    /**
     * Runs a command for an account: exit code, and the document that it printed or, where it failed, its error. No
     * shell sees it, a name is never an option, and the secret goes by standard input. `$at` is where the user sits
     * whose code has opened a window there; without it the code has to be one that is not spent.
     */
    public function run($user, $secret, array $words, $at = null)
    {
        if ($secret === '' || preg_match('/[\r\n\0]/', $secret) || strpos($user, "\0") !== false) {
            return [self::NOT_PERMITTED, []];
        }

        $pipes = [];
        $process = proc_open(
            array_merge($this->command, ['--json', '--user=' . $user], $at === null ? [] : ['--at=' . $at], $words),
            [['pipe', 'r'], ['pipe', 'w'], ['pipe', 'w']],
            $pipes,
            '/',
            ['PATH' => '/usr/local/bin:/usr/bin:/bin', 'LC_ALL' => 'C.UTF-8']
        );

        if (!is_resource($process)) {
            return [self::UNUSABLE, []];
        }

        // A command that ended early reads none of it, and says why.
        @fwrite($pipes[0], $secret . "\n");
        fclose($pipes[0]);

        [$out, $err] = self::read($process, $pipes[1], $pipes[2]);
        $exit = proc_close($process);
        $said = json_decode($exit === 0 ? $out : $err, true);

        if (!is_array($said)) {
            return [$exit === 0 ? self::UNUSABLE : $exit, []];
        }

        return [$exit, $exit === 0 ? $said : ($said['error'] ?? [])];
    }

    /** Both ends of what it says, until it ends or patience does. */
    private static function read($process, $stdout, $stderr)
    {
        $said = ['', ''];
        $open = [$stdout, $stderr];
        $until = microtime(true) + self::PATIENCE;

        while ($open) {
            $ready = $open;
            $none = null;
            $left = $until - microtime(true);

            if ($left <= 0 || !stream_select($ready, $none, $none, (int) ceil($left))) {
                proc_terminate($process);
                break;
            }

            foreach ($ready as $pipe) {
                $which = $pipe === $stdout ? 0 : 1;
                $said[$which] .= fread($pipe, 65536);

                if (feof($pipe) || strlen($said[$which]) > self::LENGTH) {
                    unset($open[array_search($pipe, $open, true)]);
                    fclose($pipe);
                }
            }
        }

        return $said;
    }
}
