<?php

/** What the settings page is made of. All that comes from elsewhere is escaped here. */
class mailotp_page
{
    private $mailotp;

    public function __construct(mailotp $mailotp)
    {
        $this->mailotp = $mailotp;
    }

    public function body()
    {
        return html::div(['id' => 'mailotp', 'class' => 'boxcontent formcontent'],
            html::div(['id' => 'mailotp-made', 'role' => 'region', 'tabindex' => '-1', 'aria-label' => $this->text('made')], '')
            . html::tag('fieldset', [], html::tag('legend', [], $this->text('have'))
                . html::div(['id' => 'mailotp-table', 'aria-live' => 'polite'], $this->text('working')))
            . html::tag('fieldset', [], html::tag('legend', [], $this->text('change'))
                . html::p(['class' => 'hint'], $this->text('changetext'))
                . html::p(['id' => 'mailotp-due', 'role' => 'status', 'aria-live' => 'polite'], '')
                . $this->field('code', ['type' => 'password', 'autocomplete' => 'one-time-code', 'aria-describedby' => 'mailotp-due']))
            . $this->form('password', $this->field('label', ['maxlength' => 64], 'password') . $this->field('expires', ['type' => 'date'], 'password'))
            . $this->form('sheet', $this->field('label', ['maxlength' => 64], 'sheet') . $this->field('count', ['type' => 'number', 'min' => 1, 'max' => 100, 'value' => 50], 'sheet'))
        );
    }

    /** What an account has. */
    public function table(array $credentials)
    {
        if (!$credentials) {
            return html::p([], $this->text('nothing'));
        }

        $table = new html_table(['class' => 'mailotp-table records-table', 'cols' => 6]);

        foreach (['label', 'kind', 'scope', 'lastused', 'left', 'revoke'] as $title) {
            $table->add_header([], $this->text($title));
        }

        foreach ($credentials as $credential) {
            $use = $credential['last_used'] ?? null;
            $label = (string) ($credential['label'] ?? '');
            $table->add([], rcube::Q($label));
            $table->add([], $this->text('kind-' . $credential['kind'], $credential['kind']));
            $table->add([], rcube::Q($this->scope($credential)));
            $table->add([], $use ? rcube::Q("{$this->date($use['at'])} {$use['service']} {$use['remote']}") : $this->text('never'));
            $table->add([], rcube::Q((string) ($credential['left'] ?? '')));
            $table->add([], html::tag('button', [
                'type' => 'button',
                'class' => 'button btn btn-danger mailotp-revoke',
                'data-id' => $credential['id'],
                'data-label' => $label,
                'aria-label' => $this->mailotp->gettext(['name' => 'revokelabel', 'vars' => ['label' => $label]]),
            ], $this->text('revoke')));
        }

        return $table->show();
    }

    /** An app password, to be seen once. */
    public function password(array $made)
    {
        return $this->once('passwordmade', html::p(['class' => 'mailotp-secret'], rcube::Q($made['secret'] ?? ''))
            . html::p([], $this->text('passwordtext')), $made, false);
    }

    /** A sheet, to be printed. */
    public function sheet(array $made)
    {
        $codes = '';

        foreach ($made['codes'] ?? [] as $code) {
            $codes .= html::tag('li', ['value' => (int) $code['number']], rcube::Q($code['code']));
        }

        $sheet = html::p([], rcube::Q($this->mailotp->gettext(['name' => 'sheetname', 'vars' => ['name' => $made['name'] ?? '']])))
            . html::tag('ol', ['class' => 'mailotp-codes'], $codes)
            . html::p([], $this->text('sheettext'));

        if (!empty($made['kill'])) {
            $sheet .= html::p(['class' => 'mailotp-kill'], $this->text('killtext') . ' ' . html::tag('strong', [], rcube::Q($made['kill'])));
        }

        return $this->once('sheetmade', $sheet, $made, true);
    }

    private function once($title, $content, array $made, $print)
    {
        $buttons = $print ? $this->button('print', 'btn-primary mainaction') : '';
        $buttons .= $this->button('hide', 'btn-secondary');

        return html::tag('h3', [], $this->text($title) . ' ' . rcube::Q($made['label'] ?? '')) . $content . html::p(['class' => 'mailotp-buttons'], $buttons);
    }

    private function form($what, $fields)
    {
        return html::tag('form', ['id' => "mailotp-$what", 'method' => 'post', 'action' => '#', 'class' => 'propform'],
            html::tag('fieldset', [], html::tag('legend', [], $this->text("new$what")) . html::p(['class' => 'hint'], $this->text("new{$what}text")) . $fields
                . html::p(['class' => 'formbuttons'], html::tag('button', ['type' => 'submit', 'class' => 'button btn btn-primary mainaction'], $this->text('make'))))
        );
    }

    private function field($name, array $attributes, $form = '')
    {
        $id = "mailotp-$form$name";
        $field = html::tag('input', $attributes + ['id' => $id, 'name' => "_$name", 'type' => 'text', 'class' => 'form-control', 'autocomplete' => 'off']);

        return html::div(['class' => 'mailotp-field form-group row'], html::label(['for' => $id, 'class' => 'col-sm-4 col-form-label'], $this->text($name))
            . html::div(['class' => 'col-sm-8'], $field));
    }

    private function button($name, $class)
    {
        return html::tag('button', ['type' => 'button', 'class' => "button btn $class mailotp-$name"], $this->text($name));
    }

    private function scope(array $credential)
    {
        $parts = array_merge($credential['services'] ?? [], $credential['from'] ?? []);
        $scope = $parts ? implode(' ', $parts) : $this->mailotp->gettext('everything');

        return isset($credential['expires'])
            ? $scope . ', ' . $this->mailotp->gettext(['name' => 'until', 'vars' => ['date' => $this->date($credential['expires'])]])
            : $scope;
    }

    private function date($utc)
    {
        return $this->mailotp->rcmail->format_date($utc);
    }

    private function text($label, $otherwise = '')
    {
        return rcube::Q($this->mailotp->rcmail->text_exists("mailotp.$label") ? $this->mailotp->gettext($label) : $otherwise);
    }
}
