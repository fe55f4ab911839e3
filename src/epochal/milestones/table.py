"""The table of claims: what each says, where it was made, and how long its experiment takes, in the order of history.

A claim is stated here and put to the test in its module, which is imported when it is run: a list of claims needs no
torch.
"""

from epochal.core.claim import Claim

_CLAIMS = (
    Claim(
        name="threshold-logic",
        year=1943,
        title="Neurons compute logic",
        claim="A unit that fires at a threshold computes AND, OR and NOT but not XOR; nets of such units compute "
        "every function of logic.",
        paper="McCulloch & Pitts, A logical calculus of the ideas immanent in nervous activity, Bulletin of "
        "Mathematical Biophysics 5, 1943",
        published="Nets of neurons realise the expressions of propositional logic (McCulloch & Pitts 1943); one "
        "threshold unit computes 14 of the 16 functions of two inputs, 104 of the 256 of three and 1,882 of the "
        "65,536 of four (Muroga, Threshold Logic and Its Applications, 1971, Table 2.3.2)",
        minutes=0.1,
        module="threshold_logic",
    ),
    Claim(
        name="perceptron",
        year=1958,
        title="A machine learns from its mistakes",
        claim="The perceptron learns whatever one threshold unit can compute, with a bounded number of mistakes; it "
        "never learns XOR, which none can compute.",
        paper="Rosenblatt, The perceptron: a probabilistic model for information storage and organization in the "
        "brain, Psychological Review 65(6), 1958",
        published="At most (R / margin)^2 mistakes on separable examples no longer than R (Novikoff, On convergence "
        "proofs on perceptrons, 1962); no perceptron of one unit computes XOR (Minsky & Papert, Perceptrons, 1969)",
        minutes=0.2,
        module="perceptron",
    ),
    Claim(
        name="backprop",
        year=1986,
        title="Hidden units learn features of their own",
        claim="Back-propagation teaches hidden units what a network needs to compute XOR and parity, which no "
        "network without hidden units computes.",
        paper="Rumelhart, Hinton & Williams, Learning representations by back-propagating errors, Nature 323, 1986; "
        "and Learning internal representations by error propagation, in Parallel Distributed Processing, chapter 8, "
        "1986",
        published="XOR with two hidden units and a rate of 0.25: about 245 presentations on average (Chauvin, in "
        "Parallel Distributed Processing, chapter 8)",
        minutes=0.3,
        module="backprop",
    ),
    Claim(
        name="convolution",
        year=1989,
        title="One detector for the whole image",
        claim="Units that share their weights across the image learn to read digits with fewer errors than units "
        "that each learn their own, and with about a seventh of the parameters.",
        paper="LeCun, Boser, Denker, Henderson, Howard, Hubbard & Jackel, Backpropagation applied to handwritten zip "
        "code recognition, Neural Computation 1(4), 1989",
        published="5.0% test error, 102 of 2,007 digits, after 23 passes over 7,291, against 8.1% of a fully "
        'connected network with 40 hidden units ("Results"); 64,660 connections and 9,760 independent parameters '
        '("Network Architecture"). On 160 test digits, a locally connected network without sharing had 88.5% right, '
        "with one shared layer 94.0%, with two 98.4%, after 320 training digits (Hastie, Tibshirani & Friedman, The "
        "elements of statistical learning, 2nd edition, Table 11.1, after LeCun 1989)",
        minutes=2.2,
        data="mnist",
        large=True,
        module="convolution",
    ),
    Claim(
        name="lenet5",
        year=1998,
        title="A network that reads",
        claim="A convolutional network trained from pixels reads digits with fewer errors than nearest neighbours "
        "and than a linear classifier.",
        paper="LeCun, Bottou, Bengio & Haffner, Gradient-based learning applied to document recognition, Proceedings "
        "of the IEEE 86(11), 1998",
        published="MNIST test error of LeNet-5 without distortions 0.95%; of nearest neighbours with Euclidean "
        "distance 5.0%; of a linear classifier 12.0% (Figure 9)",
        minutes=1.8,
        data="mnist",
        large=True,
        module="lenet5",
    ),
    Claim(
        name="layerwise",
        year=2006,
        title="Deep networks start to train",
        claim="Trained greedily, layer by layer and without labels, before back-propagation, deep networks of "
        "sigmoid units learn what they do not learn from random weights.",
        paper="Hinton, Osindero & Teh, A fast learning algorithm for deep belief nets, Neural Computation 18(7), "
        "2006; Hinton & Salakhutdinov, Reducing the dimensionality of data with neural networks, Science 313, 2006",
        published="MNIST test error 1.25% for a deep belief net, against 1.4% for a support vector machine and 1.51% "
        "for back-propagation (Hinton, Osindero & Teh, Table 1); 1.2% for a pre-trained 784-500-500-2000-10 network, "
        "against 1.6%, the best reported from random weights (Hinton & Salakhutdinov, text)",
        minutes=1.3,
        data="mnist",
        module="layerwise",
    ),
    Claim(
        name="initialisation",
        year=2010,
        title="Where the weights begin",
        claim="Random weights of the right size let deep networks learn: Glorot's for tanh, He's for rectifiers.",
        paper="Glorot & Bengio, Understanding the difficulty of training deep feedforward neural networks, AISTATS "
        "2010; He, Zhang, Ren & Sun, Delving deep into rectifiers, ICCV 2015",
        published="Test error on Shapeset of tanh networks of 5 hidden layers: 27.15% with the standard "
        "initialisation, 15.60% with the normalised one (Glorot & Bengio, Table 1). A 30-layer rectifier network "
        "stalls with Glorot's initialisation and converges with He's (He et al., Figure 3)",
        minutes=1,
        data="digits",
        module="initialisation",
    ),
    Claim(
        name="vanishing-gradient",
        year=2011,
        title="The gradient that vanished",
        claim="Layer by layer sigmoids take the gradient away, and deep stacks of them do not learn; rectifiers keep "
        "it.",
        paper="Hochreiter, Untersuchungen zu dynamischen neuronalen Netzen, diploma thesis, TU München, 1991; Nair & "
        "Hinton, Rectified linear units improve restricted Boltzmann machines, ICML 2010; Glorot, Bordes & Bengio, "
        "Deep sparse rectifier neural networks, AISTATS 2011",
        published="Test error on Shapeset with 5 hidden layers: sigmoid 82.61%, tanh 27.15% (Glorot & Bengio 2010, "
        "Table 1); on MNIST with 3, without pre-training: tanh 1.57%, rectifier 1.43% (Glorot, Bordes & Bengio 2011, "
        "Table 1)",
        minutes=0.6,
        data="digits",
        module="vanishing_gradient",
    ),
    Claim(
        name="relu-speed",
        year=2012,
        title="Six times faster than tanh",
        claim="A convolutional network of rectifiers learns several times faster than the same one of tanh units.",
        paper="Krizhevsky, Sutskever & Hinton, ImageNet classification with deep convolutional neural networks, NIPS "
        "2012",
        published="A four-layer convolutional network of rectifiers reaches 25% training error on CIFAR-10 six times "
        "faster than one of tanh units (Figure 1)",
        minutes=1.7,
        data="cifar10",
        large=True,
        module="relu_speed",
    ),
    Claim(
        name="hand-made-to-learned",
        year=2012,
        title="Features that learn themselves",
        claim="Learned features beat hand-made ones, and beat them by more the more images there are to learn from.",
        paper="Krizhevsky, Sutskever & Hinton, ImageNet classification with deep convolutional neural networks, NIPS "
        "2012",
        published="ILSVRC-2012, top-5 error: 15.3% for seven networks, two of them pre-trained on more data, and "
        "26.2% for the second-best entry, on hand-made features; one network alone has 18.2% on validation (Table 2)",
        minutes=2,
        data="cifar10",
        module="hand_made",
    ),
    Claim(
        name="dropout",
        year=2012,
        title="Dropout against learning by heart",
        claim="Silencing half of the hidden units at random in every step keeps a wide network from overfitting; it "
        "slows learning, and so hurts where training is short.",
        paper="Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov, Dropout: a simple way to prevent neural "
        "networks from overfitting, JMLR 15, 2014 (Hinton et al., preprint 2012)",
        published="MNIST test error 1.60% for a standard network, 1.35% with dropout and logistic units, 1.25% with "
        "dropout and rectifiers (Table 2)",
        minutes=1.4,
        data="mnist",
        large=True,
        module="dropout",
    ),
    Claim(
        name="augmentation",
        year=2012,
        title="More images out of each",
        claim="Training on shifted, mirrored and recoloured images keeps a large network from overfitting.",
        paper="Krizhevsky, Sutskever & Hinton, ImageNet classification with deep convolutional neural networks, NIPS "
        "2012",
        published='Without crops and reflections "our network suffers from substantial overfitting"; shifting the '
        "colours along their principal components reduces the top-1 error by over 1% (section 4.1)",
        minutes=2.2,
        data="cifar10",
        large=True,
        module="augmentation",
    ),
    Claim(
        name="local-response",
        year=2012,
        title="Neighbours that inhibit each other",
        claim="Dividing each unit by the activity of its neighbours in the channel direction lowers the error.",
        paper="Krizhevsky, Sutskever & Hinton, ImageNet classification with deep convolutional neural networks, NIPS "
        "2012",
        published="Local response normalisation reduces the top-1 and top-5 error by 1.4% and 1.2% (section 3.3). "
        "Simonyan & Zisserman 2014 find no gain: their network A has 29.6% top-1 error without it and 29.7% with it "
        "(Table 3)",
        minutes=2.7,
        data="cifar10",
        large=True,
        module="local_response",
    ),
    Claim(
        name="overlapping-pooling",
        year=2012,
        title="Windows that overlap",
        claim="Pooling over windows that overlap lowers the error a little.",
        paper="Krizhevsky, Sutskever & Hinton, ImageNet classification with deep convolutional neural networks, NIPS "
        "2012",
        published="Windows of 3x3 two apart reduce the top-1 and top-5 error by 0.4% and 0.3%, against windows of "
        "2x2 two apart (section 3.4)",
        minutes=1.5,
        data="cifar10",
        large=True,
        module="overlapping_pooling",
    ),
    Claim(
        name="data",
        year=2012,
        title="Data in plenty",
        claim="With too few images a network learns them by heart; with more its error falls along a power law, "
        "steadily enough to be foretold.",
        paper="Krizhevsky, Sutskever & Hinton, ImageNet classification with deep convolutional neural networks, NIPS "
        "2012, section 4; Hestness et al., Deep learning scaling is predictable, empirically, arXiv:1712.00409, 2017",
        published="1.2 million images do not suffice to learn 60 million parameters without considerable overfitting "
        "(Krizhevsky et al., section 4); error falls as a power of the number of examples, with exponents of -0.07 "
        "to -0.35 (Hestness et al.)",
        minutes=1.2,
        data="fashion-mnist",
        module="data",
    ),
    Claim(
        name="gpu",
        year=2012,
        title="Many multiplications at once",
        claim="Parallel hardware does the same arithmetic fast enough to make large networks trainable.",
        paper="Krizhevsky, Sutskever & Hinton, ImageNet classification with deep convolutional neural networks, NIPS "
        "2012",
        published="AlexNet took five to six days to train on two GTX 580 GPUs (section 1). Large deep belief "
        "networks learn up to 70 times faster on a GPU than on a dual-core CPU (Raina, Madhavan & Ng, ICML 2009, "
        "abstract)",
        minutes=0.5,
        module="hardware",
    ),
    Claim(
        name="depth",
        year=2014,
        title="Deeper is better",
        claim="With small convolutions throughout, accuracy grows with depth, from 11 layers to 19.",
        paper="Simonyan & Zisserman, Very deep convolutional networks for large-scale image recognition, ICLR 2015 "
        "(preprint 2014)",
        published="ImageNet top-1 error, trained and tested at scale 256: 29.6% with 11 layers, 28.7% with 13, 27.0% "
        "with 16, 27.3% with 19; trained at many scales 25.6% with 16 and 25.5% with 19 (Table 3)",
        minutes=2,
        data="digits",
        large=True,
        module="depth",
    ),
    Claim(
        name="inception",
        year=2014,
        title="More from fewer parameters",
        claim="A network of inception modules is better than AlexNet with 12 times fewer parameters, and auxiliary "
        "classifiers on its middle layers help it to learn.",
        paper="Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke & Rabinovich, Going deeper with "
        "convolutions, CVPR 2015 (preprint 2014)",
        published="ImageNet top-5 error 6.67% against 16.4% of AlexNet's authors in 2012 (Table 2), 12 times fewer "
        "parameters (section 1). Auxiliary classifiers: around 0.5% (section 5 of the printed version); no faster at "
        "first, and slightly better in the end (Szegedy et al. 2016, Rethinking the Inception architecture, section "
        "4)",
        minutes=3,
        data="digits",
        large=True,
        module="inception",
    ),
    Claim(
        name="transfer",
        year=2014,
        title="What was learned serves elsewhere",
        claim="Where images are few, a network that begins with weights learned on other images is better than one "
        "that begins from nothing, with its features frozen or fine-tuned.",
        paper="Yosinski, Clune, Bengio & Lipson, How transferable are features in deep neural networks?, NIPS 2014; "
        "Kornblith, Shlens & Le, Do better ImageNet models transfer better?, CVPR 2019",
        published="From one half of ImageNet's classes to the other, fine-tuned: 1.6 points better than training on "
        "the other half alone, on average over the number of layers that are transferred (Yosinski et al., Table 1 and "
        "Figure 2). On 12 sets, accuracy on ImageNet tells accuracy after transfer, with a correlation of 0.99 for "
        "fixed features and 0.96 for fine-tuned ones (Kornblith et al., abstract)",
        minutes=9,
        data="hymenoptera",
        module="transfer",
    ),
    Claim(
        name="batch-norm",
        year=2015,
        title="Fewer steps, from anywhere",
        claim="With batch normalisation a network needs far fewer steps, and is less particular about rate and start.",
        paper="Ioffe & Szegedy, Batch normalization: accelerating deep network training by reducing internal "
        "covariate shift, ICML 2015",
        published="Inception reaches 72.2% on ImageNet after 31.0 million steps, with batch normalisation after 13.3 "
        "million, and at five times the rate, without dropout and with other changes, after 2.1 million (Figure 3): "
        "the same accuracy in 14 times fewer steps (abstract)",
        minutes=2,
        data="digits",
        large=True,
        module="batch_norm",
    ),
    Claim(
        name="residual-depth",
        year=2015,
        title="A hundred layers train",
        claim="Plain networks get harder to train as they get deeper; with residual shortcuts, depth helps.",
        paper="He, Zhang, Ren & Sun, Deep residual learning for image recognition, CVPR 2016 (preprint 2015)",
        published="CIFAR-10 test error of residual networks: 8.75% at 20 layers, 6.97% at 56, 6.43% at 110 (Table "
        "6); the plain 56-layer network has a higher training error than the plain 20-layer one throughout (Figure "
        "1)",
        minutes=7,
        data="digits",
        large=True,
        module="residual_depth",
    ),
    Claim(
        name="representation",
        year=2015,
        title="Features grow more abstract with depth",
        claim="The deeper a layer of a trained network, the more simply its features tell classes apart, and they "
        "serve for classes that it never saw.",
        paper="Zeiler & Fergus, Visualizing and understanding convolutional networks, ECCV 2014; Yosinski, Clune, "
        "Bengio & Lipson, How transferable are features in deep neural networks?, NIPS 2014; LeCun, Bengio & Hinton, "
        "Deep learning, Nature 521, 2015",
        published="Caltech-101, 30 images a class, a linear classifier on a layer of a network trained on ImageNet: "
        "44.8% right on layer 1, 66.2% on 2, 72.3% on 3, 76.6% on 4, 86.2% on 5, 85.5% on 7 (Zeiler & Fergus, Table "
        "7); features transferred even from distant tasks can be better than random ones (Yosinski et al., abstract)",
        minutes=1.2,
        data="digits",
        module="representation",
    ),
    Claim(
        name="combination",
        year=2015,
        title="The combination",
        claim="No single technique was revolutionary, but their combination: no ingredient alone brings half of what "
        "all bring together, and together they bring more than the sum of what each brings alone.",
        paper="He, Zhang, Ren & Sun, Deep residual learning for image recognition, CVPR 2016 (preprint 2015), which "
        "combines what came before it",
        published="No paper puts a figure to the combination. From AlexNet (2012) to ResNet (2015), ImageNet top-5 "
        "error fell from 15.3% to 3.57% (ensembles; He et al., Table 5), with rectifiers, batch normalisation, He "
        "initialisation, augmentation and shortcuts in one network, and without dropout (section 3.4)",
        minutes=4,
        data="digits",
        module="combination",
    ),
    Claim(
        name="trees-against-nets",
        year=2021,
        title="Where trees still win",
        claim="On tables of the kind that companies have, boosted trees are right more often than networks, with "
        "residual shortcuts or without.",
        paper="Gorishniy, Rubachev, Khrulkov & Babenko, Revisiting deep learning models for tabular data, NeurIPS "
        "2021; Grinsztajn, Oyallon & Varoquaux, Why do tree-based models still outperform deep learning on typical "
        "tabular data?, NeurIPS 2022",
        published="Test accuracy on Adult, mean of 15 seeds, every model tuned: CatBoost 87.27%, XGBoost 87.23%, "
        "FT-Transformer 85.87%, residual network 85.44%, multilayer perceptron 85.22% (results in the authors' "
        "repository rtdl-revisiting-models, output/adult). They call no family superior on all data (Gorishniy et "
        "al., abstract). On 45 sets of about 10,000 rows, tree-based models remain ahead (Grinsztajn et al., abstract)",
        minutes=1.5,
        data="adult",
        module="trees_against_nets",
    ),
    Claim(
        name="numeric-embeddings",
        year=2022,
        title="Numbers in bins",
        claim="Embeddings of its numbers lift a multilayer perceptron on tables, up to near the score of boosted "
        "trees.",
        paper="Gorishniy, Rubachev & Babenko, On embeddings for numerical features in tabular deep learning, NeurIPS "
        "2022",
        published="Test accuracy on Adult, mean of 15 seeds, every model tuned: multilayer perceptron 85.37%; with "
        "bins at quantiles 85.88%, with bins of a decision tree 86.42%, with periodic embeddings 87.04%; CatBoost "
        "87.21%, XGBoost 87.36% (results in the authors' repository rtdl-num-embeddings, exp: mlp, mlp-q, mlp-t, "
        "mlp-plr, catboost_, xgboost_)",
        minutes=1.5,
        data="adult",
        module="numeric_embeddings",
    ),
)
CLAIMS: dict[str, Claim] = {claim.name: claim for claim in _CLAIMS}
