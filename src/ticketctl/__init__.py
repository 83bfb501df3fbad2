"""OTRS's help desk by mail, re-made for the Unix shell.

The house, top to bottom; arrows go down only, rooms side by side never import each other
(held by import-linter, ``[importlinter]`` in setup.cfg)::

    shells    cli/<verb>      |   postmaster                  argv, stdin, signals, exit statuses, the clock
                 |                   |
    jobs         +-> desk/ | receive | flush                  the doing: one transaction each; no decisions of their own
                                     |
    effects            store/ | post | render | config        SQL, SMTP/sendmail, Jinja2, files: strangers to each other
                                     |   (values in, values out)
    core          intake | query | page                       pure: no I/O, no clock, no environment
                       change | letter/ | party | words
                            policy
                            ticket
                            errors
"""

__version__ = "0.1.0"
