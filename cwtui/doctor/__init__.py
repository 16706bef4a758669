"""`cwtui doctor`: looks at everything a host needs, and says what to do.

    cli.doctor --> examination --> one module for each area --> subject --> machine, programs

An area yields findings, and changes nothing. Outside programs are bounded in time and output.
"""
